//! Custom assets, their scheduled rates, and quotes.

use jiff::Timestamp;
use rust_decimal::RoundingStrategy;

use super::payments::is_currency;
use super::{Asset, Store, room_for};
use crate::credyt::types::{
    AddAssetRateRequest, Asset as AssetView, AssetRate, AssetRates, CreateAssetRequest, CreateAssetResponse,
    QuoteAssetRequest, QuoteAssetResponse,
};
use crate::credyt::{Amount, nearest};
use crate::sandbox::refusal::{Faults, Refusal};

impl Store {
    pub(crate) fn create_asset(
        &mut self,
        request: CreateAssetRequest,
        now: Timestamp,
    ) -> Result<CreateAssetResponse, Refusal> {
        room_for(self.assets.len(), "assets")?;
        let mut faults = Faults::default();
        faults.blank("code", Some(&request.code));
        faults.blank("name", Some(&request.name));
        if self.asset(&request.code).is_some() {
            faults.add("code", "An asset with this code already exists.");
        }
        if request.code.contains(':') {
            faults.add("code", "Must not contain a colon.");
        }
        if request.precision.is_some_and(|precision| precision > 12) {
            faults.add("precision", "At most 12 decimals.");
        }
        if request.symbol.as_ref().is_some_and(|symbol| symbol.chars().count() > 8) {
            faults.add("symbol", "One character or emoji.");
        }
        let mut rates = Vec::new();
        for (index, start) in request.rates.iter().flatten().enumerate() {
            let at = format!("rates[{index}]");
            let rate = match (start.rate, start.inverse_rate) {
                (Some(rate), _) => Some(rate),
                (None, Some(inverse)) => Amount::ONE.checked_div(inverse),
                (None, None) => {
                    faults.add(format!("{at}.rate"), "Either rate or inverse_rate is required.");
                    continue;
                }
            };
            match rate.filter(|rate| rate.is_positive()) {
                Some(rate) => {
                    let first =
                        AssetRate { valid_from: now, valid_to: None, rate, inverse_rate: start.inverse_rate };
                    rates.push(AssetRates { source: start.source.to_uppercase(), schedule: vec![first] });
                }
                None => faults.add(format!("{at}.rate"), "Must be more than zero."),
            }
        }
        faults.done()?;
        let CreateAssetRequest { code, name, precision, label, symbol, .. } = request;
        let label = label.unwrap_or_else(|| code.clone());
        self.assets.insert(
            code.clone(),
            Asset { code: code.clone(), name, precision, label, symbol, rates, created_at: now },
        );
        Ok(CreateAssetResponse { code, created_at: now })
    }

    /// A custom asset by its code, without regard to case.
    pub(crate) fn asset(&self, code: &str) -> Option<&Asset> {
        self.assets
            .get(code)
            .or_else(|| self.assets.values().find(|asset| asset.code.eq_ignore_ascii_case(code)))
    }

    /// The code of a custom asset or a currency in its own case, or why it is neither.
    pub(crate) fn known_asset(&self, code: &str) -> Result<String, String> {
        if let Some(asset) = self.asset(code) {
            return Ok(asset.code.clone());
        }
        let upper = code.to_uppercase();
        if is_currency(&upper) {
            return Ok(upper);
        }
        let hint = nearest(code, self.assets.keys().map(String::as_str))
            .map(|near| format!(" Did you mean {near}?"));
        Err(format!("{code} is neither a currency nor a custom asset.{}", hint.unwrap_or_default()))
    }

    pub(crate) fn add_rate(
        &mut self,
        code: &str,
        request: &AddAssetRateRequest,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let code = self.asset(code).map(|asset| asset.code.clone());
        let asset = code.and_then(|code| self.assets.get_mut(&code));
        let asset = asset.ok_or_else(|| Refusal::missing("There is no such asset."))?;
        let mut faults = Faults::default();
        let valid_from = request.valid_from.unwrap_or(now);
        if !request.rate.is_positive() {
            faults.add("rate", "Must be more than zero.");
        }
        if request.valid_to.is_some_and(|end| end <= valid_from) {
            faults.add("valid_to", "Must be after valid_from.");
        }
        faults.done()?;
        let source = request.source.to_uppercase();
        let rate =
            AssetRate { valid_from, valid_to: request.valid_to, rate: request.rate, inverse_rate: None };
        match asset.rates.iter_mut().find(|rates| rates.source == source) {
            Some(rates) => {
                // A new rate ends the one before.
                for earlier in rates.schedule.iter_mut().filter(|earlier| earlier.valid_from <= valid_from) {
                    if earlier.valid_to.is_none_or(|end| end > valid_from) {
                        earlier.valid_to = Some(valid_from);
                    }
                }
                rates.schedule.push(rate);
                rates.schedule.sort_by_key(|rate| rate.valid_from);
            }
            None => asset.rates.push(AssetRates { source, schedule: vec![rate] }),
        }
        Ok(())
    }

    pub(crate) fn quote(
        &self,
        code: &str,
        request: &QuoteAssetRequest,
        now: Timestamp,
    ) -> Result<QuoteAssetResponse, Refusal> {
        let asset = self.asset(code).ok_or_else(|| Refusal::missing(format!("There is no asset {code}.")))?;
        let source = request.source.to_uppercase();
        let at = request.exchange_at.unwrap_or(now);
        let mut faults = Faults::default();
        if request.amount.is_negative() {
            faults.add("amount", "Must not be negative.");
        }
        let rate = asset.rate(&source, at);
        if rate.is_none() {
            faults.add("source", format!("{} has no rate for {source} at this time.", asset.code));
        }
        faults.done()?;
        let rate = rate.unwrap_or(Amount::ONE);
        let destination_amount = self
            .units_for(&asset.code, request.amount, rate)
            .ok_or_else(|| Refusal::field("amount", "The amount is too large."))?;
        Ok(QuoteAssetResponse {
            source,
            source_amount: request.amount,
            destination: asset.code.clone(),
            destination_amount,
            rate,
            inverse_rate: Amount::ONE.checked_div(rate),
        })
    }

    /// Units that `amount` buys at `rate`, rounded down to the asset's precision.
    pub(crate) fn units_for(&self, asset: &str, amount: Amount, rate: Amount) -> Option<Amount> {
        let units = amount.checked_div(rate)?;
        let precision = self.assets.get(asset).and_then(|asset| asset.precision);
        Some(precision.map_or(units, |digits| {
            Amount::from(units.decimal().round_dp_with_strategy(digits, RoundingStrategy::ToZero))
        }))
    }
}

impl Asset {
    /// The rate for a currency at a moment.
    pub(crate) fn rate(&self, source: &str, at: Timestamp) -> Option<Amount> {
        let rates = self.rates.iter().find(|rates| rates.source == source)?;
        let holds = |rate: &&AssetRate| rate.valid_from <= at && rate.valid_to.is_none_or(|end| at < end);
        rates.schedule.iter().rev().find(holds).map(|rate| rate.rate)
    }

    /// The rate in dollars, or else in the first currency that has one.
    pub(crate) fn any_rate(&self, at: Timestamp) -> Option<Amount> {
        self.rate("USD", at).or_else(|| self.rates.iter().find_map(|rates| self.rate(&rates.source, at)))
    }

    /// The currency that buys this asset.
    pub(crate) fn funding_currency(&self, at: Timestamp) -> Option<String> {
        self.rates
            .iter()
            .find(|rates| self.rate(&rates.source, at).is_some())
            .map(|rates| rates.source.clone())
    }

    pub(crate) fn view(&self) -> AssetView {
        AssetView {
            code: self.code.clone(),
            name: self.name.clone(),
            precision: self.precision,
            label: Some(self.label.clone()),
            symbol: self.symbol.clone(),
            rates: Some(self.rates.clone()),
            created_at: self.created_at,
        }
    }
}
