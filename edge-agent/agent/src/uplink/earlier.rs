//! Earlier epochs of this box, taken over from damaged journals: what the
//! uplink is told of them, and what becomes of one that is handled.

use tidemark_model::{Epoch, Seq};
use tidemark_sync::UplinkInput as Input;

use super::UplinkTask;

impl UplinkTask {
    /// How it stands with them now.
    pub(super) fn tell_earlier(&mut self) {
        match self.around.journal.uplink_facts() {
            Ok(facts) => self.tell(Input::Earlier(facts.earlier)),
            // With the next change, or the next start.
            Err(error) => tracing::error!(%error, "what is taken over from a damaged journal can't be read"),
        }
    }

    /// All of one is handled. Should it not be let go now, the centre's next
    /// welcome says it again.
    pub(super) fn settle(&mut self, epoch: Epoch, through: Seq) {
        let journal = self.around.journal.clone();
        self.work.spawn(async move {
            match journal.settle_earlier(epoch, through).await {
                Ok(settled) => tracing::info!(%epoch, through, settled, "an earlier epoch is handled"),
                Err(error) => tracing::error!(%error, %epoch, "a handled earlier epoch is not let go"),
            }
        });
    }
}
