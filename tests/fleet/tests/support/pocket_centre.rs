//! A centre that fits in a pocket: it keeps what boxes send, each position
//! once, and says so at once.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tidemark_fleet::range::articles;
use tidemark_model::digest::{movement_digest, stock_digest};
use tidemark_model::{
    BlockIndex, Code, Epoch, Generation, Label, Position, Quantity, Seq, Sku, StoreId, StreamId, StreamPlace,
};
use tidemark_sync::message::{
    AppliedThrough, Batch, Blocks, CatalogueCode, CatalogueEntry, CataloguePage, Credit, DigestPage, FetchCatalogue,
    FetchDigests, FetchInstruction, FetchOpening, Handled, Hello, Instruction, InstructionBody, InstructionLine,
    InstructionPage, OpeningPage, OpeningSent, Received, SendOpening, ToBox, ToCentre, Welcome,
};
use tidemark_sync::testing::welcome;
use tidemark_wire::server::{Exchange, Failure, FrameFault, Inbound, Outbound, Peer, router};
use tidemark_wire::{decode_movement, encode_instruction_body};
use tokio::net::TcpListener;

/// Opening stock of everything, in pieces.
pub(super) const OPENING: i64 = 50;
const CREDIT: u64 = 1 << 20;
const CATALOGUE: u64 = 4;
const GENERATION: Generation = Generation(1);

/// What the centre holds.
#[derive(Debug, Default)]
pub(super) struct Pocket {
    held: Mutex<BTreeMap<(StoreId, Epoch, Seq), Bytes>>,
}

impl Pocket {
    /// On a free port.
    pub(super) async fn serve() -> (Arc<Self>, SocketAddr) {
        let centre = Arc::new(Self::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = router(Arc::clone(&centre));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        (centre, address)
    }

    /// How many movements there are.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.held.lock().unwrap().len()).unwrap()
    }

    /// Sums of effects in thousandths.
    pub(super) fn balances(&self) -> BTreeMap<(String, Sku), i64> {
        let mut balances = BTreeMap::new();
        for ((store, _, _), bytes) in self.held.lock().unwrap().iter() {
            let movement = decode_movement(bytes).unwrap();
            if let Some(sku) = movement.sku {
                *balances.entry((store.as_str().to_owned(), sku)).or_default() += movement.effect.as_thousandths();
            }
        }
        balances
    }

    fn blocks(&self, store: &StoreId, epoch: Epoch) -> Blocks {
        let mut blocks = Blocks::new();
        let held = self.held.lock().unwrap();
        for ((_, _, seq), bytes) in held.range((store.clone(), epoch, 0)..=(store.clone(), epoch, Seq::MAX)) {
            let digest = movement_digest(store, Position { epoch, seq: *seq }, bytes);
            let movement = decode_movement(bytes).unwrap();
            let stock = movement.sku.as_ref().map_or(0, |sku| stock_digest(sku, movement.effect));
            blocks.entry(BlockIndex::of(*seq)).or_default().add(*seq, digest, stock);
        }
        blocks
    }

    fn greet(&self, hello: &Hello) -> Vec<ToBox> {
        let blocks = self.blocks(&hello.store, hello.epoch);
        let welcome = Welcome { generation: GENERATION, blocks, ..welcome() };
        let body = InstructionBody::Fetch { bytes: 1 };
        vec![
            ToBox::Welcome(welcome),
            ToBox::Credit(Credit { bytes: CREDIT }),
            ToBox::CatalogueVersion(CATALOGUE),
            ToBox::Instruction(Instruction::of(Label::new("open-1").unwrap(), body)),
        ]
    }

    fn take(&self, store: &StoreId, batch: Batch) -> Vec<ToBox> {
        let (epoch, seqs, bytes) = (batch.epoch, batch.seqs(), batch.payload());
        let offset = {
            let mut held = self.held.lock().unwrap();
            for record in batch.records {
                let key = (store.clone(), epoch, record.seq);
                let before = held.insert(key, record.bytes.clone());
                assert!(before.is_none_or(|before| before == record.bytes), "a position with other bytes");
            }
            u64::try_from(held.len()).unwrap()
        };
        let place = StreamPlace { stream: StreamId([1; 16]), partition: 0, offset };
        let through = AppliedThrough { stream: place.stream, partition: 0, offset: offset + 1, end: Some(offset + 1) };
        vec![
            ToBox::Received(Received { epoch, seqs, place }),
            ToBox::Handled(Handled { generation: GENERATION, epoch, blocks: self.blocks(store, epoch) }),
            ToBox::AppliedThrough(through),
            ToBox::Credit(Credit { bytes }),
        ]
    }
}

impl Exchange for Pocket {
    async fn exchange(self: Arc<Self>, _peer: Peer, mut inbound: Inbound, outbound: Outbound) {
        let mut store = None;
        // A lost line ends the stream as a farewell does.
        while let Ok(Some(message)) = inbound.recv().await {
            let answers = match (message, &store) {
                (ToCentre::Hello(hello), _) => {
                    store = Some(hello.store.clone());
                    self.greet(&hello)
                }
                (ToCentre::Batch(batch), Some(store)) => self.take(store, batch),
                (other, _) => vec![answer(&other)],
            };
            for answer in answers {
                if outbound.send(answer).await.is_err() {
                    return;
                }
            }
        }
    }

    fn fault(&self, _peer: &Peer, fault: &FrameFault) {
        panic!("the shop said what can't be read: {fault:?}");
    }

    async fn fetch_catalogue(&self, _peer: &Peer, request: FetchCatalogue) -> Result<CataloguePage, Failure> {
        // An item a page, so that pages are asked for one after the other.
        let all = articles(3);
        let next = all.iter().find(|article| request.after.as_ref().is_none_or(|after| article.sku > *after));
        let entry = |article: &tidemark_fleet::range::Article| CatalogueEntry {
            item: article.item(),
            codes: vec![CatalogueCode {
                code: Code::new(article.gtin.as_str()).unwrap(),
                units_per_scan: Quantity::ONE,
            }],
        };
        let last = next.is_none_or(|article| Some(article) == all.last());
        Ok(CataloguePage::part(CATALOGUE, next.map(entry).into_iter().collect(), last))
    }

    async fn fetch_instruction(&self, _peer: &Peer, request: FetchInstruction) -> Result<InstructionPage, Failure> {
        let quantity = Quantity::units(OPENING).unwrap();
        let lines = articles(20).into_iter().map(|article| InstructionLine { sku: article.sku, quantity }).collect();
        let body = Bytes::from(encode_instruction_body(&InstructionBody::OpenStock { lines }));
        let from = usize::try_from(request.from).unwrap();
        let bytes = body.slice(from..body.len().min(from + 100));
        let total = u64::try_from(body.len()).unwrap();
        Ok(InstructionPage { id: request.id, from: request.from, total, bytes })
    }

    async fn fetch_opening(&self, _peer: &Peer, _request: FetchOpening) -> Result<OpeningPage, Failure> {
        Err(Failure::Trouble("no opening".to_owned()))
    }

    async fn send_opening(&self, _peer: &Peer, _request: SendOpening) -> Result<OpeningSent, Failure> {
        Err(Failure::Trouble("no opening".to_owned()))
    }

    async fn fetch_digests(&self, _peer: &Peer, _request: FetchDigests) -> Result<DigestPage, Failure> {
        Err(Failure::Trouble("no digests".to_owned()))
    }
}

/// A word for every word, so that the shop knows that it is heard.
fn answer(_message: &ToCentre) -> ToBox {
    ToBox::Credit(Credit { bytes: 0 })
}
