//! A centre that answers as the tests want it to.
#![expect(unreachable_pub, reason = "shared by tests")]

use std::sync::{Arc, Mutex};

use tidemark_model::{BlockIndex, StreamId, StreamPlace};
use tidemark_sync::message::{
    CataloguePage, DigestPage, FetchCatalogue, FetchDigests, FetchInstruction, FetchOpening, InstructionPage,
    OpeningPage, OpeningSent, Received, Refusal, RefusalCode, SendOpening, Slow, ToBox, ToCentre,
};
use tidemark_sync::testing::welcome;
use tidemark_wire::server::{Exchange, Failure, FrameFault, Inbound, InboundError, Outbound, Peer};
use tokio::sync::Notify;

/// Whom the listener found at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub &'static str);

/// Welcomes every box and has received every batch.
#[derive(Debug, Default)]
pub struct Centre {
    pub faults: Mutex<Vec<FrameFault>>,
    pub heard: Mutex<Vec<ToCentre>>,
    pub peers: Mutex<Vec<Option<Name>>>,
    pub ends: Mutex<Vec<Option<InboundError>>>,
    pub ended: Notify,
}

impl Exchange for Centre {
    async fn exchange(self: Arc<Self>, peer: Peer, mut inbound: Inbound, outbound: Outbound) {
        self.peers.lock().unwrap().push(peer.0.get::<Name>().cloned());
        let end = loop {
            let message = match inbound.recv().await {
                Ok(Some(message)) => message,
                Ok(None) => break None,
                Err(error) => break Some(error),
            };
            let answer = answer(&message);
            self.heard.lock().unwrap().push(message);
            match answer {
                Answer::Say(message) => outbound.send(*message).await.unwrap(),
                Answer::Refuse(refusal) => outbound.refuse(refusal),
                Answer::Fail => panic!("on purpose"),
                Answer::Nothing => continue,
            }
        };
        self.ends.lock().unwrap().push(end);
        self.ended.notify_one();
    }

    fn fault(&self, _peer: &Peer, fault: &FrameFault) {
        self.faults.lock().unwrap().push(fault.clone());
    }

    async fn fetch_catalogue(&self, peer: &Peer, request: FetchCatalogue) -> Result<CataloguePage, Failure> {
        self.peers.lock().unwrap().push(peer.0.get::<Name>().cloned());
        match request.version {
            0 => Err(Failure::Refused(Refusal::new(RefusalCode::UnknownStore, "no store of that name"))),
            1 => Err(Failure::Slow(Slow { retry_after_ms: 700 })),
            2 => Err(Failure::Trouble("the database is down".to_owned())),
            version => Ok(CataloguePage::part(version, Vec::new(), true)),
        }
    }

    async fn fetch_instruction(&self, _peer: &Peer, request: FetchInstruction) -> Result<InstructionPage, Failure> {
        let bytes = bytes::Bytes::from(vec![7; 1_000_000]);
        Ok(InstructionPage { id: request.id, from: request.from, total: request.from + 1_000_000, bytes })
    }

    async fn fetch_opening(&self, _peer: &Peer, request: FetchOpening) -> Result<OpeningPage, Failure> {
        Ok(OpeningPage { parts: Vec::new(), enough: true, cursor: Some(request.cursor).filter(|c| !c.is_empty()) })
    }

    async fn send_opening(&self, _peer: &Peer, request: SendOpening) -> Result<OpeningSent, Failure> {
        Ok(OpeningSent { next_page: request.page + 1 })
    }

    async fn fetch_digests(&self, _peer: &Peer, request: FetchDigests) -> Result<DigestPage, Failure> {
        Ok(DigestPage { block: BlockIndex(request.block.0), digests: vec![(1, 2)] })
    }
}

enum Answer {
    Say(Box<ToBox>),
    Refuse(Refusal),
    Fail,
    Nothing,
}

fn answer(message: &ToCentre) -> Answer {
    let place = StreamPlace { stream: StreamId([1; 16]), partition: 3, offset: 9 };
    match message {
        ToCentre::Hello(_) => Answer::Say(Box::new(ToBox::Welcome(welcome()))),
        ToCentre::Batch(batch) => {
            Answer::Say(Box::new(ToBox::Received(Received { epoch: batch.epoch, seqs: batch.seqs(), place })))
        }
        ToCentre::Goodbye(goodbye) if goodbye.reason == "fail" => Answer::Fail,
        ToCentre::Goodbye(_) => Answer::Refuse(Refusal::new(RefusalCode::ClosedStore, "closed in May")),
        ToCentre::Unreadable(_) | ToCentre::Heartbeat(_) | ToCentre::OpeningTaken(_) => Answer::Nothing,
    }
}
