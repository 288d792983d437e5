//! The errors of Redis that an operator meets.

/// The word by which an error is recognised, what it means, and what to do.
pub(super) type Known = (&'static str, &'static str, &'static str);

const LOGIN: &str = "correct redis.username and redis.password (for Sentinels redis.sentinel_username and redis.sentinel_password), or the user and password in redis.url: write %2F for /, %3F for ?, %23 for #, %40 for @ and %25 for % there, and name none if this Redis has none";
pub(super) const RIGHTS: &str = "give the Redis user its rights: deploy/redis/users.acl has those of every role, and `ACL LOG` on Redis names each command and key that it has refused";
pub(super) const RENAMED: &str =
    "remove rename-command from the configuration of Redis, and use Redis 7.0 or later";
const MASTER: &str = "name the master in redis.url, or let Sentinel name it with redis+sentinel://host:26379/master-name";
pub(super) const TRUST: &str = "name the certificate of the authority that signed it in redis.ca_file, or install it on this machine";
pub(super) const NETWORK: &str = "check redis.url, the server and the network";
const SCHEME: &str = "check the scheme of redis.url (rediss:// is for a port with TLS, redis:// for one without), redis.client_cert_file if Redis demands a client certificate, the log of Redis, and its limit maxclients";
const CLIENT_CERTIFICATE: &str = "name a valid certificate for clients, from the authority in tls-ca-cert-file of Redis, in redis.client_cert_file, with its intermediate certificates, and its key in redis.client_key_file; the log of Redis says more";

/// Errors by their code.
pub(super) const CODES: &[Known] = &[
    (
        "NOAUTH",
        "Redis demands a password, and the settings have none",
        "set redis.username and redis.password_file (for Sentinels redis.sentinel_password_file), or write redis://user:password@host:port",
    ),
    (
        "WRONGPASS",
        "Redis refuses this user or this password",
        LOGIN,
    ),
    (
        "MISCONF",
        "Redis accepts no writes, because it cannot save to its disk (MISCONF)",
        "see the log of Redis, make the folder that `CONFIG GET dir` names writable, and free some space",
    ),
    (
        "OOM",
        "Redis is full and accepts no writes (OOM)",
        "raise maxmemory, or shorten results.retention and ledger.retention",
    ),
    (
        "READONLY",
        "this Redis is a replica and accepts no writes (READONLY)",
        MASTER,
    ),
    (
        "NOREPLICAS",
        "Redis accepts no writes, because too few replicas are connected (NOREPLICAS)",
        "start the replicas, and check their network",
    ),
    (
        "MASTERDOWN",
        "this Redis is a replica that has lost its master (MASTERDOWN)",
        MASTER,
    ),
    (
        "LOADING",
        "Redis has started and still loads its data (LOADING)",
        "wait until it has finished",
    ),
    (
        "BUSY",
        "Redis is busy with a script (BUSY)",
        "wait, and if it lasts, find the script in `SLOWLOG GET`",
    ),
    (
        "WRONGTYPE",
        "a key of the queue has another type than this program expects (WRONGTYPE)",
        "find the program that writes to the keys of this queue, or choose another queue.prefix",
    ),
    (
        "MOVED",
        "this Redis is a node of a cluster, and another node has the queue (MOVED)",
        "write redis+cluster://host:port in redis.url",
    ),
    (
        "CLUSTERDOWN",
        "the cluster has no master for the queue's slot (CLUSTERDOWN)",
        "see `CLUSTER INFO`, and start the nodes that are down",
    ),
    (
        "TRYAGAIN",
        "the cluster moves the queue to another node (TRYAGAIN)",
        "wait until it has finished",
    ),
    (
        "UNBLOCKED",
        "this Redis has become a replica (UNBLOCKED)",
        MASTER,
    ),
];

/// Errors by a part of their text, in small letters.
pub(super) const TEXTS: &[Known] = &[
    // Valkey in place of the next two.
    (
        "acl failure in",
        "the Redis user may not run a command that the worker needs, or may not touch its key",
        RIGHTS,
    ),
    (
        "can't run this command",
        "the Redis user may not run a command that the worker needs",
        RIGHTS,
    ),
    (
        "can't access at least one of the keys",
        "the Redis user may not use a key of the queue",
        RIGHTS,
    ),
    (
        "unknown redis command called from script",
        "Redis does not know a command that the worker needs: it is renamed or disabled",
        RENAMED,
    ),
    (
        "max number of clients reached",
        "Redis has as many clients as it accepts (maxclients)",
        "close connections that nobody needs, or raise maxclients",
    ),
    (
        "db index is out of range",
        "Redis does not have the database that redis.url names",
        "correct the number at the end of redis.url, or raise `databases` of Redis",
    ),
    (
        "cluster support disabled",
        "this Redis is no cluster",
        "write redis:// in place of redis+cluster://",
    ),
    (
        "does not point to a sentinel",
        "this Redis is no Sentinel",
        "name a Sentinel, whose usual port is 26379, or write redis:// in place of redis+sentinel://",
    ),
    (
        "unknownissuer",
        "the certificate of Redis is from an authority that this machine does not know",
        TRUST,
    ),
    (
        "causedasendentity",
        "the certificate of Redis is the one of an authority",
        TRUST,
    ),
    (
        "notvalidforname",
        "the certificate of Redis is for another host",
        "write the host of the certificate in redis.url, or give Redis a certificate for this host",
    ),
    (
        "certificate not valid for name",
        "the certificate of Redis is for another host",
        "write the host of the certificate in redis.url, or give Redis a certificate for this host",
    ),
    (
        "alert: certificaterequired",
        "Redis demands a client certificate, and the settings have none",
        "set redis.client_cert_file and redis.client_key_file",
    ),
    (
        "alert: certificateexpired",
        "Redis refuses the client certificate, because it has expired",
        "renew the certificate in redis.client_cert_file, and check the clock of Redis' machine",
    ),
    (
        "alert: unknownca",
        "Redis does not know the authority that signed the client certificate",
        CLIENT_CERTIFICATE,
    ),
    (
        "alert: badcertificate",
        "Redis refuses the client certificate",
        CLIENT_CERTIFICATE,
    ),
    (
        "alert: unsupportedcertificate",
        "Redis refuses the client certificate, because it is for another purpose",
        CLIENT_CERTIFICATE,
    ),
    (
        "alert: certificaterevoked",
        "Redis refuses the client certificate, because it is revoked",
        CLIENT_CERTIFICATE,
    ),
    (
        "alert: certificateunknown",
        "Redis refuses the client certificate",
        CLIENT_CERTIFICATE,
    ),
    (
        "received fatal alert",
        "Redis refuses the TLS connection",
        "see the log of Redis: it may demand a client certificate (redis.client_cert_file), or accept other versions of TLS only (tls-protocols)",
    ),
    (
        "certificate expired",
        "the certificate of Redis has expired",
        "renew it, and check the clock of this machine",
    ),
    (
        "certificate not valid yet",
        "the certificate of Redis is not valid yet",
        "check the clock of this machine",
    ),
    (
        "invalidcontenttype",
        "this port of Redis does not speak TLS",
        SCHEME,
    ),
    (
        "masternamenotfoundbysentinel",
        "no Sentinel of redis.url knows a master of this name",
        "correct the name at the end of redis.url: `SENTINEL masters` lists them",
    ),
    (
        "failed to lookup address",
        "the host of redis.url is unknown",
        "correct the host, or check DNS",
    ),
    (
        "connection refused",
        "nothing listens at the address of redis.url (connection refused)",
        "start Redis, or correct redis.url",
    ),
    ("connection reset", "Redis closes the connection", SCHEME),
    ("broken pipe", "Redis closes the connection", SCHEME),
    (
        "unexpected end of file",
        "Redis closes the connection",
        SCHEME,
    ),
    (
        "multiplexed connection driver unexpectedly terminated",
        "Redis closes the connection",
        SCHEME,
    ),
    ("timed out", "Redis does not answer in time", SCHEME),
];
