//! `/products` and `/assets`.

use axum::extract::{Path, State};

use super::{Answer, created, done, found, ok};
use crate::credyt::types::{
    AddAssetRateRequest, AssetSummary, CreateAssetRequest, CreateProductRequest, CreateProductVersionRequest,
    ProductSummary, QuoteAssetRequest, SimulateUsageRequest, UpdateProductVersionRequest,
};
use crate::sandbox::app::App;
use crate::sandbox::extract::{Body, Params};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Product;

pub(crate) async fn create_product(
    State(app): State<App>,
    Body(request): Body<CreateProductRequest>,
) -> Answer {
    app.write(|store, now| store.create_product(request, now)).map(|made| created(&made))
}

pub(crate) async fn list_products(State(app): State<App>, params: Params) -> Answer {
    if let Some(code) = params.text("code") {
        let product = app.read(|store, _| {
            let product = store.product_by_code(code)?;
            Some(store.product_view(&product.id).map(|view| (view, summary(product))))
        });
        let (product, summary) =
            product.ok_or_else(|| Refusal::missing(format!("There is no product with code {code}.")))??;
        return Ok(found(&app, &format!("/products/{}", product.id), &product, summary));
    }
    app.read(|store, _| {
        params
            .page(store.products.values().filter(|product| !product.archived), summary)
            .map(|page| ok(&page))
    })
}

fn summary(product: &Product) -> ProductSummary {
    ProductSummary { id: product.id.clone(), code: product.code.clone(), name: product.name.clone() }
}

pub(crate) async fn read_product(State(app): State<App>, Path(id): Path<String>) -> Answer {
    app.read(|store, _| store.product_view(&id)).map(|product| ok(&product))
}

pub(crate) async fn delete_product(State(app): State<App>, Path(id): Path<String>) -> Answer {
    app.write(|store, _| store.delete_product(&id))?;
    Ok(done())
}

pub(crate) async fn create_version(
    State(app): State<App>,
    Path(id): Path<String>,
    Body(request): Body<CreateProductVersionRequest>,
) -> Answer {
    app.write(|store, now| store.create_version(&id, request, now)).map(|made| created(&made))
}

pub(crate) async fn subscribers(State(app): State<App>, Path(id): Path<String>, params: Params) -> Answer {
    let all = app.read(|store, _| store.product(&id).map(|_| store.subscribers(&id)))?;
    params.page(all.iter(), Clone::clone).map(|page| ok(&page))
}

pub(crate) async fn read_version(
    State(app): State<App>,
    Path((id, version)): Path<(String, String)>,
) -> Answer {
    app.read(|store, _| store.version_view(&id, store.version_number(&id, &version)?))
        .map(|version| ok(&version))
}

pub(crate) async fn update_version(
    State(app): State<App>,
    Path((id, version)): Path<(String, String)>,
    Body(request): Body<UpdateProductVersionRequest>,
) -> Answer {
    app.write(|store, _| store.update_version(&id, store.version_number(&id, &version)?, &request))?;
    Ok(done())
}

pub(crate) async fn archive_version(
    State(app): State<App>,
    Path((id, version)): Path<(String, String)>,
) -> Answer {
    app.write(|store, _| store.archive_version(&id, store.version_number(&id, &version)?))?;
    Ok(done())
}

pub(crate) async fn simulate(
    State(app): State<App>,
    Path((id, version)): Path<(String, String)>,
    Body(request): Body<SimulateUsageRequest>,
) -> Answer {
    app.read(|store, now| store.simulate(&id, store.version_number(&id, &version)?, &request, now))
        .map(|found| ok(&found))
}

pub(crate) async fn create_asset(State(app): State<App>, Body(request): Body<CreateAssetRequest>) -> Answer {
    app.write(|store, now| store.create_asset(request, now)).map(|made| created(&made))
}

pub(crate) async fn list_assets(State(app): State<App>, params: Params) -> Answer {
    // The map is ordered by code, as the list is to be.
    app.read(|store, _| {
        params
            .page(store.assets.values(), |asset| AssetSummary {
                code: asset.code.clone(),
                name: asset.name.clone(),
            })
            .map(|page| ok(&page))
    })
}

pub(crate) async fn read_asset(State(app): State<App>, Path(code): Path<String>) -> Answer {
    let asset = app.read(|store, _| store.asset(&code).map(super::super::store::Asset::view));
    asset.map(|asset| ok(&asset)).ok_or_else(|| Refusal::missing(format!("There is no asset {code}.")))
}

pub(crate) async fn quote(
    State(app): State<App>,
    Path(code): Path<String>,
    Body(request): Body<QuoteAssetRequest>,
) -> Answer {
    app.read(|store, now| store.quote(&code, &request, now)).map(|quote| ok(&quote))
}

pub(crate) async fn add_rate(
    State(app): State<App>,
    Path(code): Path<String>,
    Body(request): Body<AddAssetRateRequest>,
) -> Answer {
    app.write(|store, now| store.add_rate(&code, &request, now))?;
    Ok(done())
}
