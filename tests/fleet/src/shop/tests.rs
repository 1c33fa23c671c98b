use super::*;
use crate::range::articles;
use tidemark_model::Label;
use tidemark_model::books::Books as _;

fn shop(duplicates: u64, poison: u64) -> Shop {
    let trade = Trade { every: Duration::from_millis(100), lines: 3, duplicates, poison };
    Shop::new(StoreId::new("S0002").unwrap(), Epoch(7), articles(20), trade)
}

#[test]
fn stock_is_what_was_opened_less_what_the_till_sold() {
    let mut shop = shop(200, 100);
    shop.open_stock(100, Odometer(1)).unwrap();
    for at in 2..200 {
        shop.sell(Odometer(at)).unwrap();
    }
    let record = shop.record().clone();
    for (_, sku, sum) in record.sums.effects() {
        let Ok(stock) = shop.journal().books().stock(sku);
        assert_eq!(stock.unwrap().on_hand.as_thousandths(), sum, "{sku}");
    }
    assert!(record.repeated > 0 && record.parked > 0, "{record:?}");
    assert_eq!(record.doubled, 0);
    assert_eq!(shop.journal().tail(), record.sums.movements() + record.parked);
}

#[test]
fn an_instruction_is_carried_out_once() {
    let mut shop = shop(0, 0);
    let line = InstructionLine { sku: articles(1)[0].sku.clone(), quantity: Quantity::ONE };
    let body = InstructionBody::OpenStock { lines: vec![line] };
    let instruction = Instruction::of(Label::new("i-1").unwrap(), body);
    shop.instruct(instruction.clone(), Odometer(1)).unwrap();
    shop.instruct(instruction, Odometer(2)).unwrap();
    assert_eq!((shop.opened_lines(), shop.journal().tail()), (1, 1));
}
