//! Vendors, and the costs that name them.

use jiff::Timestamp;

use super::{Store, new_id, room_for};
use crate::credyt::types::{Cost, CreateVendorRequest, CreateVendorResponse, Vendor};
use crate::sandbox::refusal::{Faults, Refusal};

impl Store {
    pub(crate) fn create_vendor(
        &mut self,
        request: CreateVendorRequest,
        now: Timestamp,
    ) -> Result<CreateVendorResponse, Refusal> {
        room_for(self.vendors.len(), "vendors")?;
        let mut faults = Faults::default();
        faults.blank("name", Some(&request.name));
        faults.blank("external_id", request.external_id.as_deref());
        if request.external_id.as_deref().is_some_and(|id| self.vendor_by_external_id(id).is_some()) {
            faults.add("external_id", "A vendor with this external_id already exists.");
        }
        faults.done()?;
        let id = new_id("vnd");
        let CreateVendorRequest { name, external_id } = request;
        self.vendors.insert(id.clone(), Vendor { id: id.clone(), external_id, name, created_at: now });
        Ok(CreateVendorResponse { id, created_at: now })
    }

    pub(crate) fn vendor_by_external_id(&self, external_id: &str) -> Option<&Vendor> {
        self.vendors.values().find(|vendor| vendor.external_id.as_deref() == Some(external_id))
    }

    /// A cost with both ids of its vendor and its currency.
    pub(crate) fn complete_cost(&self, mut cost: Cost) -> Cost {
        let vendor = match (&cost.vendor_id, &cost.vendor_external_id) {
            (Some(id), _) => self.vendors.get(id),
            (None, Some(external_id)) => self.vendor_by_external_id(external_id),
            (None, None) => None,
        };
        if let Some(vendor) = vendor {
            cost.vendor_id = Some(vendor.id.clone());
            cost.vendor_external_id.clone_from(&vendor.external_id);
        }
        cost.currency.get_or_insert_with(|| "USD".to_owned());
        cost
    }
}
