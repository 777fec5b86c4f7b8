using KubeFlex.ApiServer.Bootstrap;
using KubeFlex.ApiServer.CustomResources;
using KubeFlex.ApiServer.Discovery;
using KubeFlex.ApiServer.Fairness;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Verbs;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Protobuf;
using Microsoft.Extensions.Logging;

namespace KubeFlex.ApiServer;

/// <summary>What all control planes of a process share: catalog, compiled custom schemas, rendered documents.</summary>
public sealed class SharedApi
{
    /// <summary>Made once per process.</summary>
    public SharedApi(ApiCatalog catalog, TimeProvider time, ILoggerFactory logs)
    {
        (Catalog, Time, Logs) = (catalog, time, logs);
        BuiltIn = ResourceTable.BuiltIn(catalog);
        Definitions = new DefinitionCache(catalog);
        BuiltInDocuments = new Documents(catalog, []);
        Bookmarks = new BookmarkClock(time);
        Fairness = new RequestFairness(time);
        Log = logs.CreateLogger("KubeFlex.ApiServer");
        InitialObjects = InitialObject.All(this);
    }

    /// <summary>Facts of the Kubernetes version.</summary>
    public ApiCatalog Catalog { get; }

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>Logs.</summary>
    public ILoggerFactory Logs { get; }

    internal ProtobufObjects Protobuf { get; } = new();

    internal ResourceTable BuiltIn { get; }

    /// <summary>What every control plane starts with.</summary>
    internal IReadOnlyList<InitialObject> InitialObjects { get; }

    internal DefinitionCache Definitions { get; }

    /// <summary>Discovery and OpenAPI of a control plane without custom resources.</summary>
    internal Documents BuiltInDocuments { get; }

    internal BookmarkClock Bookmarks { get; }

    internal RequestFairness Fairness { get; }

    internal ILogger Log { get; }
}
