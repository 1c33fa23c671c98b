//! Pages and scripts, built in.

use axum::http::{HeaderName, header};
use axum::response::Html;

type Asset = ([(HeaderName, &'static str); 1], &'static str);

pub(super) async fn fleet() -> Html<&'static str> {
    Html(include_str!("../../assets/fleet.html"))
}

pub(super) async fn script() -> Asset {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("../../assets/fleet.js"))
}

pub(super) async fn style() -> Asset {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../../assets/page.css"))
}
