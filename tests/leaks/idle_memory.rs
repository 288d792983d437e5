//! What the memory of a worker contains after its orders have ended.

use std::{collections::BTreeSet, fs, io::ErrorKind};

use e2e::{
    Worker,
    tls::{TlsFront, authority},
};

use crate::{
    memory::writable_memory,
    scene::Scene,
    search::{Search, Secret},
};

/// So often the memory is read again if something is found in it: the worker may be about to wipe it.
const LOOKS: usize = 20;

/// A worker that has no open order, and its world.
struct Idle {
    scene: Scene,
    worker: Worker,
    _front: TlsFront,
}

impl Idle {
    /// Starts a worker that calls the sandbox over this kind of connection and seals the cards or does not. Its secrets are in
    /// files, so that none is in its environment.
    async fn start(is_sealed: bool, has_tls: bool) -> Self {
        let scene = Scene::new().await;
        let front = TlsFront::start(scene.world.sandbox.addr()).await;
        let url = if has_tls {
            format!("https://localhost:{}", front.port())
        } else {
            scene.world.sandbox.base_url()
        };
        let (authority, dir) = (authority(), scene.folder.path().to_str().unwrap());
        assert!(
            Worker::output(&["keygen", "shop", "--dir", dir], &[])
                .status
                .success()
        );
        let public = fs::read_to_string(scene.path("shop.pub")).unwrap();
        let secret = scene.file("app-secret", scene.app_secret());
        let redis = scene.file("redis-url", &scene.world.redis.url());
        let settings = scene.settings(&[
            ("HP_API__APP_SECRET", ""),
            ("HP_API__APP_SECRET_FILE", &*secret),
            ("HP_REDIS__URL", ""),
            ("HP_REDIS__URL_FILE", &redis),
            ("HP_LOG__FILTER", "info"),
            ("HP_API__BASE_URL", &url),
            (
                "HP_API__CA_FILE",
                if has_tls {
                    authority.to_str().unwrap()
                } else {
                    ""
                },
            ),
            (
                "HP_RESULTS__SEAL_TO__SHOP",
                if is_sealed { public.trim() } else { "" },
            ),
        ]);
        Self {
            worker: Worker::start(&settings),
            scene,
            _front: front,
        }
    }

    /// Buys orders one after the other.
    async fn buy_in_turn(&self, orders: u32) {
        for number in 0..orders {
            let id = format!("A-{number}");
            self.scene.world.enqueue(&id, 10).await;
            let result = self.scene.world.result(&id).await;
            assert_eq!(result["status"], "completed");
        }
    }

    /// Buys orders of different sizes at the same time.
    async fn buy_at_once(&self) {
        let ids: Vec<_> = (0..40).map(|number| format!("B-{number}")).collect();
        for (quantity, id) in (1..=20).cycle().zip(&ids) {
            self.scene.world.enqueue(id, quantity).await;
        }
        for result in self.scene.world.results_of_all(&ids).await {
            assert_eq!(result["status"], "completed");
        }
    }

    /// Reads the memory of the worker after a last order, which is rejected without a call. `None` if this user must not look,
    /// which is a protection, too.
    async fn memory(&self) -> Option<Vec<Vec<u8>>> {
        let world = &self.scene.world;
        let id = format!("last-{}", rand::random::<u32>());
        let last = [("order_id", &*id), ("product_id", "999"), ("quantity", "1")];
        world.enqueue_job(&last).await;
        assert_eq!(world.result(&id).await["status"], "rejected");
        match writable_memory(self.worker.id()) {
            Ok(memory) => Some(memory),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::PermissionDenied);
                assert!(!nix::unistd::geteuid().is_root());
                None
            }
        }
    }

    /// What is in the memory of the worker.
    async fn found(&self, secrets: &[Secret]) -> Option<BTreeSet<String>> {
        let search = Search::new(secrets);
        let mut found = BTreeSet::new();
        for _ in 0..LOOKS {
            let memory = self.memory().await?;
            found = memory.iter().flat_map(|bytes| search.find(bytes)).collect();
            if found.is_empty() {
                break;
            }
        }
        Some(found)
    }

    fn app_secret(&self) -> Secret {
        Secret::new("the app secret", self.scene.app_secret())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_worker_has_no_card_keys_in_memory() {
    for has_tls in [false, true] {
        let idle = Idle::start(true, has_tls).await;
        idle.buy_in_turn(3).await;
        idle.buy_at_once().await;
        let secrets = [idle.scene.cards(), vec![idle.app_secret()]].concat();
        if let Some(found) = idle.found(&secrets).await {
            assert!(found.is_empty(), "TLS {has_tls}: {found:?}");
        }
    }
}

/// What is not wiped, because it is in use: `docs/security.md` has the reasons.
#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_redis_password_and_last_calls() {
    const BLOCK: usize = 64 * 1024;
    let idle = Idle::start(false, false).await;
    idle.buy_in_turn(9).await;
    let Some(memory) = idle.memory().await else {
        return;
    };
    let blocks_with = |secrets: &[Secret]| {
        let search = Search::new(secrets);
        let blocks = memory.iter().flat_map(|bytes| bytes.chunks(BLOCK));
        blocks
            .filter(|block| !search.find(block).is_empty())
            .count()
    };
    assert_eq!(blocks_with(&[idle.app_secret()]), 0);
    // The search finds what is certainly there.
    let password = Secret::new("Redis' password", idle.scene.password());
    assert!(blocks_with(&[password]) > 0);
    // The buffer from which the Redis client writes contains the last results in clear text.
    assert!(blocks_with(&idle.scene.cards()) <= 4);
}
