//! Both ends with real gRPC, over loopback TCP and over a pipe in memory.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "support/centre.rs"]
mod centre;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use bytes::Bytes;
use centre::{Centre, Name};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use tidemark_model::{BlockIndex, Epoch, EpochOrdinal, Label, Odometer, Seq, StoreId};
use tidemark_sync::message::{
    Batch, FetchCatalogue, FetchDigests, FetchInstruction, FetchOpening, Goodbye, OpeningSent, Record, RefusalCode,
    SendOpening, Slow, ToBox, ToCentre,
};
use tidemark_sync::testing;
use tidemark_wire::client::{ClientConfig, Dialer, Link, LinkError};
use tidemark_wire::schema::sync::v1 as proto;
use tidemark_wire::server::{FrameFault, InboundError, router};
use tokio::net::TcpListener;
use tokio_stream::wrappers::ReceiverStream;

fn store() -> StoreId {
    StoreId::new("S0001").unwrap()
}

fn hello() -> ToCentre {
    ToCentre::Hello(testing::hello(store(), Epoch(5)))
}

fn batch(seqs: std::ops::RangeInclusive<Seq>, bytes: usize) -> ToCentre {
    let record = |seq: Seq| Record { seq, digest: None, bytes: Bytes::from(vec![seq.to_le_bytes()[0]; bytes]) };
    ToCentre::Batch(Batch { epoch: Epoch(5), live: true, records: seqs.map(record).collect() })
}

fn goodbye(reason: &str) -> ToCentre {
    ToCentre::Goodbye(Goodbye { reason: reason.to_owned() })
}

/// A centre on a port of its own, beside other routes with their fallback.
async fn serve() -> (Arc<Centre>, SocketAddr) {
    let centre = Arc::new(Centre::default());
    let pages = axum::Router::new()
        .route("/livez", axum::routing::get(|| async { "ok" }))
        .fallback(|| async { (http::StatusCode::NOT_FOUND, "no such page") });
    let app = pages.merge(router(Arc::clone(&centre))).layer(Extension(Name("store S0001")));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (centre, address)
}

fn dialer(address: SocketAddr) -> Dialer {
    Dialer::new(ClientConfig::new(format!("http://{address}"))).unwrap()
}

async fn welcomed() -> (Arc<Centre>, Link) {
    let (centre, address) = serve().await;
    let mut link = dialer(address).dial().await.unwrap();
    link.send(hello()).await.unwrap();
    assert!(matches!(link.recv().await, Ok(Some(ToBox::Welcome(_)))));
    (centre, link)
}

#[tokio::test]
async fn a_batch_is_received_and_the_stream_ends_as_the_box_wants() {
    let (centre, mut link) = welcomed().await;
    link.send(batch(1..=9, 40)).await.unwrap();
    let Ok(Some(ToBox::Received(received))) = link.recv().await else { panic!("not received") };
    assert_eq!((received.epoch, received.seqs.count()), (Epoch(5), 9));
    assert!(link.traffic.sent() > 100 && link.traffic.received() > 50);
    link.send(batch(10..=10, 40)).await.unwrap();
    link.close().await;
    assert_eq!(centre.heard.lock().unwrap().as_slice(), [hello(), batch(1..=9, 40), batch(10..=10, 40)]);
    assert_eq!(centre.ends.lock().unwrap().as_slice(), [None]);
    assert_eq!(centre.faults.lock().unwrap().as_slice(), []);
}

#[tokio::test]
async fn the_handler_knows_whom_the_listener_found() {
    let (centre, mut link) = welcomed().await;
    let request = FetchCatalogue { store: store(), version: 17, after: None, since: 0 };
    link.calls.fetch_catalogue(&request).await.unwrap();
    let name = Some(Name("store S0001"));
    assert_eq!(centre.peers.lock().unwrap().as_slice(), [name.clone(), name]);
}

#[tokio::test]
async fn a_batch_of_the_largest_records_passes() {
    let (_centre, mut link) = welcomed().await;
    link.send(batch(1..=5, 48 * 1024)).await.unwrap();
    let Ok(Some(ToBox::Received(received))) = link.recv().await else { panic!("not received") };
    assert_eq!(received.seqs.count(), 5);
}

#[tokio::test]
async fn calls_are_answered_beside_the_stream() {
    let (_centre, link) = welcomed().await;
    let mut calls = link.calls.clone();
    let request = FetchInstruction { store: store(), id: Label::new("open-17").unwrap(), from: 5 };
    let part = calls.fetch_instruction(&request).await.unwrap();
    assert_eq!((part.from, part.bytes.len()), (5, 1_000_000));
    let cursor = Bytes::from_static(b"next");
    let request = FetchOpening { store: store(), epoch: Epoch(5), ordinal: EpochOrdinal(2), cursor: cursor.clone() };
    assert_eq!(calls.fetch_opening(&request).await.unwrap().cursor, Some(cursor));
    let request = SendOpening {
        store: store(),
        epoch: Epoch(5),
        ordinal: EpochOrdinal(2),
        taken: Odometer(1),
        page: 3,
        parts: Vec::new(),
        last: true,
    };
    assert_eq!(calls.send_opening(&request).await, Ok(OpeningSent { next_page: 4 }));
    let request = FetchDigests { store: store(), epoch: Epoch(5), block: BlockIndex(3) };
    assert_eq!(calls.fetch_digests(&request).await.unwrap().digests, [(1, 2)]);
}

#[tokio::test]
async fn a_call_that_fails_says_how() {
    let (_centre, mut link) = welcomed().await;
    let request = |version| FetchCatalogue { store: store(), version, after: None, since: 0 };
    let Err(LinkError::Refused(refusal)) = link.calls.fetch_catalogue(&request(0)).await else { panic!("not refused") };
    assert_eq!((refusal.code, refusal.detail.as_str()), (RefusalCode::UnknownStore, "no store of that name"));
    let slow = link.calls.fetch_catalogue(&request(1)).await;
    assert_eq!(slow, Err(LinkError::Slow(Slow { retry_after_ms: 700 })));
    let Err(LinkError::Lost(cause)) = link.calls.fetch_catalogue(&request(2)).await else { panic!("not lost") };
    assert!(cause.contains("the database is down"), "{cause}");
}

#[tokio::test]
async fn a_refusal_is_the_last_word_of_a_stream() {
    let (_centre, mut link) = welcomed().await;
    link.send(goodbye("closing")).await.unwrap();
    link.send(batch(1..=1, 9)).await.unwrap();
    let Link { outbound, mut inbound, .. } = link;
    drop(outbound);
    assert!(matches!(inbound.recv().await, Ok(Some(ToBox::Received(_)))));
    let Ok(Some(ToBox::Refused(refusal))) = inbound.recv().await else { panic!("not refused") };
    assert_eq!(refusal.code, RefusalCode::ClosedStore);
    assert_eq!(inbound.recv().await, Err(LinkError::Refused(refusal)));
}

#[tokio::test]
async fn a_handler_that_fails_ends_the_stream_with_an_error() {
    let (_centre, mut link) = welcomed().await;
    link.send(goodbye("fail")).await.unwrap();
    let Err(LinkError::Lost(cause)) = link.recv().await else { panic!("not lost") };
    assert!(cause.contains("failed over this stream"), "{cause}");
}

/// Sends frames as they are, and gives back what the stream ended with.
async fn say(address: SocketAddr, frames: Vec<proto::ToCentre>) -> (Vec<proto::ToBox>, tonic::Status) {
    let mut client = proto::sync_client::SyncClient::connect(format!("http://{address}")).await.unwrap();
    let (queue, queued) = tokio::sync::mpsc::channel(8);
    for frame in frames {
        queue.send(frame).await.unwrap();
    }
    let mut stream = client.exchange(ReceiverStream::new(queued)).await.unwrap().into_inner();
    let mut said = Vec::new();
    loop {
        match stream.message().await {
            Ok(Some(message)) => said.push(message),
            Ok(None) => return (said, tonic::Status::ok("")),
            Err(status) => return (said, status),
        }
    }
}

#[tokio::test]
async fn a_frame_with_a_value_out_of_bounds_ends_the_stream_by_name() {
    let (centre, address) = serve().await;
    let hello = proto::Hello { store: "S 1".to_owned(), ..proto::Hello::default() };
    let frame = proto::ToCentre { message: Some(proto::to_centre::Message::Hello(hello)) };
    let (said, status) = say(address, vec![frame]).await;
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert!(status.message().starts_with("`store`"), "{status}");
    let [proto::ToBox { message: Some(proto::to_box::Message::Refused(refused)) }] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert_eq!(refused.code(), proto::RefusalCode::Malformed);
    assert!(matches!(centre.faults.lock().unwrap().as_slice(), [FrameFault::Undecodable(_)]));
    assert!(matches!(centre.ends.lock().unwrap().as_slice(), [Some(InboundError::Refused(_))]));
}

#[tokio::test]
async fn a_batch_whose_payload_does_not_unpack_ends_the_stream_and_nothing_of_it_is_taken() {
    let (centre, address) = serve().await;
    let message = |payload: &'static [u8]| {
        let batch = proto::Batch { epoch: Some(5), live: true, seqs: vec![0, 1], payload: Bytes::from_static(payload) };
        proto::ToCentre { message: Some(proto::to_centre::Message::Batch(batch)) }
    };
    let (said, status) = say(address, vec![message(b"\x09nonsense")]).await;
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
    assert!(status.message().starts_with("`batch.payload`"), "{status}");
    assert_eq!(said.len(), 1);
    assert!(centre.heard.lock().unwrap().is_empty());
    assert_eq!(centre.faults.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_frame_of_a_newer_release_is_passed_over_and_counted() {
    let (centre, address) = serve().await;
    let goodbye = proto::Goodbye { reason: "closing".to_owned() };
    let frames = vec![
        proto::ToCentre::default(),
        proto::ToCentre { message: Some(proto::to_centre::Message::Goodbye(goodbye)) },
        // Ends the stream: it names no epoch.
        proto::ToCentre { message: Some(proto::to_centre::Message::Batch(proto::Batch::default())) },
    ];
    let (_said, status) = say(address, frames).await;
    assert_eq!(status.code(), tonic::Code::FailedPrecondition, "the first refusal stands: {status}");
    assert!(matches!(centre.faults.lock().unwrap().first(), Some(FrameFault::Unknown)));
}

/// A codec that sends bytes that are no protobuf at all.
async fn say_bytes(address: SocketAddr, frame: Vec<u8>) -> hyper::Response<String> {
    use http_body_util::{BodyExt, Full};
    let io = TokioIo::new(tokio::net::TcpStream::connect(address).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::post(format!("http://{address}/tidemark.sync.v1.Sync/Exchange"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(Bytes::from(frame)))
        .unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let collected = body.collect().await.unwrap();
    let status = collected.trailers().and_then(|trailers| trailers.get("grpc-status").cloned());
    hyper::Response::from_parts(parts, status.map(|status| status.to_str().unwrap().to_owned()).unwrap_or_default())
}

#[tokio::test]
async fn bytes_that_are_no_message_end_the_stream_as_malformed() {
    let (centre, address) = serve().await;
    let invalid_argument = "3";
    for frame in [vec![0, 0, 0, 0, 3, 0xff, 0xff, 0xff], vec![9, 0, 0, 0, 1, 0]] {
        let status = say_bytes(address, frame).await;
        assert_eq!(status.body(), invalid_argument);
    }
    assert_eq!(centre.faults.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_frame_beyond_the_limit_ends_the_stream_as_too_large() {
    let (centre, address) = serve().await;
    let out_of_range = "11";
    let status = say_bytes(address, vec![0, 0x7f, 0xff, 0xff, 0xff, 0]).await;
    assert_eq!(status.body(), out_of_range);
    assert!(matches!(centre.faults.lock().unwrap().as_slice(), [FrameFault::TooLarge(_)]));
}

#[tokio::test]
async fn a_request_out_of_bounds_is_refused_and_counted() {
    let (centre, address) = serve().await;
    let mut client = proto::sync_client::SyncClient::connect(format!("http://{address}")).await.unwrap();
    let status = client.fetch_digests(proto::FetchDigestsRequest::default()).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (tonic::Code::InvalidArgument, "`store` is missing"));
    assert_eq!(centre.faults.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_port_without_a_centre_and_one_with_another_service_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = dialer(address).dial().await.unwrap_err();
    assert!(matches!(&error, LinkError::NoRoute(cause) if cause.contains("refused")), "{error}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new()).await.unwrap() });
    let mut link = dialer(address).dial().await.unwrap();
    let error = link.recv().await.unwrap_err();
    assert!(matches!(&error, LinkError::Refused(refusal) if refusal.code == RefusalCode::Protocol), "{error}");
}

#[tokio::test]
async fn a_port_that_never_answers_is_no_route() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connect_timeout = Duration::from_millis(200);
    let config = ClientConfig { connect_timeout, ..ClientConfig::new(format!("http://{address}")) };
    let error = Dialer::new(config).unwrap().dial().await.unwrap_err();
    assert!(matches!(&error, LinkError::NoRoute(_)), "{error}");
}

#[tokio::test]
async fn a_pipe_in_memory_carries_a_stream_and_its_end_is_heard() {
    let centre = Arc::new(Centre::default());
    let (near, far) = tokio::io::duplex(64 * 1024);
    let service = TowerToHyperService::new(router(Arc::clone(&centre)));
    let serving = tokio::spawn(async move {
        let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        drop(builder.serve_connection(TokioIo::new(far), service).await);
    });
    let mut link = Dialer::new(ClientConfig::new("http://centre")).unwrap().dial_over(near).await.unwrap();
    link.send(hello()).await.unwrap();
    assert!(matches!(link.recv().await, Ok(Some(ToBox::Welcome(_)))));
    serving.abort();
    assert!(matches!(link.recv().await, Err(LinkError::Lost(_))));
}

#[tokio::test]
async fn a_box_that_is_gone_is_heard_by_the_handler() {
    let (centre, link) = welcomed().await;
    drop(link);
    tokio::time::timeout(Duration::from_secs(5), centre.ended.notified()).await.unwrap();
    // Whether the end of the stream or of the connection is heard first is
    // the runtime's choice.
    let ends = centre.ends.lock().unwrap();
    assert!(matches!(ends.as_slice(), [None | Some(InboundError::Lost(_))]), "{ends:?}");
}
