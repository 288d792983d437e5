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

    /// What is in the memory of the worker after a last order, which is rejected without a call. `None` if this user must not
    /// look, which is a protection, too.
    async fn found(&self, secrets: &[Secret]) -> Option<BTreeSet<String>> {
        let world = &self.scene.world;
        let last = [
            ("order_id", "last"),
            ("product_id", "999"),
            ("quantity", "1"),
        ];
        world.enqueue_job(&last).await;
        assert_eq!(world.result("last").await["status"], "rejected");
        let search = Search::new(secrets);
        let mut found = BTreeSet::new();
        for _ in 0..LOOKS {
            let memory = match writable_memory(self.worker.id()) {
                Ok(memory) => memory,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
                    assert!(!nix::unistd::geteuid().is_root());
                    return None;
                }
            };
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
async fn memory_keeps_redis_password_and_last_call() {
    let idle = Idle::start(false, false).await;
    idle.buy_in_turn(6).await;
    let password = Secret::new("Redis' password", idle.scene.password());
    let secrets = [idle.scene.cards(), vec![idle.app_secret(), password]].concat();
    let Some(found) = idle.found(&secrets).await else {
        return;
    };
    let names: Vec<_> = found
        .iter()
        .map(|name| name.split(" (").next().unwrap())
        .collect();
    // The search finds what is certainly there.
    assert!(names.contains(&"Redis' password"), "{found:?}");
    let in_use = ["Redis' password", "a card key of A-5"];
    assert!(names.iter().all(|name| in_use.contains(name)), "{found:?}");
}
