use tidemark_model::{DocumentId, Source, StoreId};
use tidemark_wire::{decode_movement, encode_movement};

use super::*;
use crate::InstructionRow;
use crate::apply::CENTRE_SOURCE;

on_both!(an_instruction_is_answered_by_a_box_of_its_own_store_only);

/// A movement with which a box of a store answers an instruction.
fn answer(of: &StoreId, id: &str) -> ApplyRecord {
    let Content::Movement(position, bytes) = sold(&[(0, 1)], 1).remove(0).content else {
        unreachable!("only movements are sold")
    };
    let mut movement = decode_movement(&bytes).unwrap();
    movement.document.source = Source::new(CENTRE_SOURCE).unwrap();
    movement.document.id = DocumentId::new(id).unwrap();
    let content = Content::Movement(position, Bytes::from(encode_movement(&movement)));
    ApplyRecord { offset: 0, store: of.clone(), content }
}

async fn an_instruction_is_answered_by_a_box_of_its_own_store_only(place: Place) {
    let mut shop = Shop::open(&place).await;
    let other = StoreId::new("S2").unwrap();
    let row =
        |id: &str, of: &StoreId| InstructionRow::new(id, of.clone(), "open_stock", 1, Bytes::from_static(b"body"));
    for of in [&store(), &other] {
        shop.ledger.make_store(of).await.unwrap();
    }
    shop.ledger.add_instructions(&[row("own", &store()), row("others", &other)], NOW).await.unwrap();
    let waiting = async |shop: &Shop, of: &StoreId| shop.ledger.waiting_instructions(of).await.unwrap().len();
    shop.apply(&[answer(&store(), "others")]).await;
    assert_eq!((waiting(&shop, &store()).await, waiting(&shop, &other).await), (1, 1));
    shop.apply(&[answer(&other, "others")]).await;
    assert_eq!((waiting(&shop, &store()).await, waiting(&shop, &other).await), (1, 0));
}
