//! Features of customers of a CD shop.

mod basket_check;
mod customer_rfm;
mod purchase_details;

pub use basket_check::basket_check;
pub use customer_rfm::customer_rfm;
pub use purchase_details::purchase_details;

sandglass_guest::export!(purchase_details, customer_rfm, basket_check);
