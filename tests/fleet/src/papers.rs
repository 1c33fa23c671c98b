//! Certificates of one authority: of daemons on an address, of boxes for
//! their stores, as files in PEM form.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};

use crate::patience::Trouble;

/// An authority, and where it puts what it issues.
#[derive(Debug)]
pub struct Papers {
    authority: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

/// A certificate and its key, as files.
#[derive(Clone, Debug)]
pub struct Paper {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

impl Papers {
    /// A new authority; its files go into a folder of that name.
    pub fn of_a_new_authority(folder: &Path) -> Result<Self, Trouble> {
        std::fs::create_dir_all(folder)?;
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let papers =
            Self { authority: CertifiedIssuer::self_signed(params, KeyPair::generate()?)?, folder: folder.to_owned() };
        std::fs::write(papers.authority(), papers.authority.pem())?;
        Ok(papers)
    }

    /// The authority's certificate.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// For a daemon that listens on an address.
    pub fn of_a_server(&self, name: &str, address: IpAddr) -> Result<Paper, Trouble> {
        self.issue(name, SanType::IpAddress(address))
    }

    /// For the box of a store towards its centre.
    pub fn of_a_box(&self, store: &str) -> Result<Paper, Trouble> {
        let uri = format!("spiffe://tidemark.example/store/{store}/box/0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b");
        self.issue(&format!("towards-centre-{store}"), SanType::URI(uri.try_into()?))
    }

    fn issue(&self, name: &str, subject: SanType) -> Result<Paper, Trouble> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.subject_alt_names.push(subject);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.authority)?;
        let at = |end: &str| self.folder.join(format!("{name}.{end}"));
        let paper = Paper { certificate: at("pem"), key: at("key") };
        std::fs::write(&paper.certificate, certificate.pem())?;
        std::fs::write(&paper.key, key.serialize_pem())?;
        Ok(paper)
    }
}
