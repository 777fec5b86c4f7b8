namespace KubeFlex.Etcd;

/// <summary>How the face behaves. Defaults are those of etcd unless said otherwise.</summary>
public sealed record EtcdOptions
{
    /// <summary>Version that Status reports: a stock kube-apiserver decides by it on watch progress requests and streaming lists.</summary>
    public string Version { get; init; } = "3.6.5";

    /// <summary>Bytes of one request that writes (<c>--max-request-bytes</c>); also where watch responses are cut into fragments.</summary>
    public int RequestBytes { get; init; } = 1536 * 1024;

    /// <summary>Operations of one transaction (<c>--max-txn-ops</c>).</summary>
    public int TransactionOperations { get; init; } = 128;

    /// <summary>Bytes of requests that have not come wholly, of all connections together.</summary>
    public long BufferedBytes { get; init; } = 256L << 20;

    /// <summary>Watches on one stream; etcd has no bound.</summary>
    public int WatchesPerStream { get; init; } = 10_000;

    /// <summary>How often a quiet watch that asked for it hears of the revision; kubeadm sets 5 s where etcd's default is 10 minutes.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Shortest lease in seconds: what etcd's default election timeout makes of smaller ones.</summary>
    public long ShortestLease { get; init; } = 2;

    /// <summary>Where clients reach this face; the member list tells it.</summary>
    public IReadOnlyList<string> ClientUrls { get; init; } = [];

    /// <summary>Bytes of the database, for Status; null when unknown.</summary>
    public Func<long>? DatabaseSize { get; init; }
}
