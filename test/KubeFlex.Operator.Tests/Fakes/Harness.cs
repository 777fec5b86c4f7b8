using System.Text;
using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Runtimes.Pods.Storage.Service;
using KubeFlex.Operator.Tenants;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Controllers;
using KubeFlex.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeFlex.Operator.Tests.Fakes;

/// <summary>A hosting API in memory and an operator over it: whole (<see cref="Run"/>), or one pass at a time (<see cref="ReconcileAsync"/>).</summary>
internal sealed class Harness : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly List<Task> running = [];
    private HostingCluster? cluster;
    private ControlPlaneReconciler? reconciler;
    private StorageCertificates? storage;
    private readonly ITenantApi tenants;
    private readonly IStorageService? storageService;

    public Harness(OperatorOptions? options = null, ITenantApi? tenants = null, IStorageService? storageService = null)
    {
        (this.tenants, this.storageService) = (tenants ?? Tenants, storageService);
        Time = new ManualTime();
        Api = new FakeApi { Time = Time };
        Host = new FakeInProcessHost(name => Api.Get(Resources.Secrets.In($"{name}-system").Named("k8s-certs")) is not null);
        Options = options ?? new OperatorOptions();
        Operator = Create(Options);
    }

    /// <summary>Whether the storage service's certificates are looked at before each pass, as they are by a queue of their own in the whole operator.</summary>
    public bool KeepsStorageCertificates { get; set; } = true;

    /// <summary>What the last look at them said.</summary>
    public ReconcileResult StorageResult { get; private set; }

    /// <summary>How often control planes were told to get other certificates.</summary>
    public int AuthorityChanges { get; private set; }

    public ManualTime Time { get; }

    public FakeApi Api { get; }

    public FakeInProcessHost Host { get; }

    public FakeTenants Tenants { get; } = new();

    public OperatorOptions Options { get; }

    public OperatorHost Operator { get; private set; }

    public CancellationToken Cancellation => stop.Token;

    /// <summary>Starts the whole operator, on the real clock: its back-off must pass by itself.</summary>
    public void Run() => running.Add(new OperatorHost(Api.Client(), Host, Options, TimeProvider.System, NullLoggerFactory.Instance) { Tenants = tenants, StorageService = storageService }.RunAsync(stop.Token));

    /// <summary>The limit only ends a test that would hang; it is generous, since a busy machine is no failure.</summary>
    public Task UntilAsync(Func<bool> condition) => Api.UntilAsync(condition, stop.Token).WaitAsync(TimeSpan.FromMinutes(5), stop.Token);

    /// <summary>One pass, on caches that know all that the API knows.</summary>
    public async Task<ReconcileResult> ReconcileAsync(string name)
    {
        if (cluster is null)
        {
            cluster = Operator.CreateCluster();
            reconciler = Operator.CreateReconciler(cluster);
            storage = Operator.CreateStorageCertificates(cluster, () => AuthorityChanges++);
            foreach (var informer in cluster.Informers) running.Add(informer.RunAsync(stop.Token));
            foreach (var informer in cluster.Informers) await informer.WhenSyncedAsync(stop.Token);
        }
        await CaughtUpAsync();
        if (storage is not null && KeepsStorageCertificates) StorageResult = await storage.ReconcileAsync(StorageCertificates.QueueKey, stop.Token);
        return await reconciler!.ReconcileAsync(name, stop.Token);
    }

    /// <summary>The next pass begins with caches that are listed anew.</summary>
    public void Restart() => (cluster, reconciler) = (null, null);

    /// <summary>The next pass is one of an operator with other settings.</summary>
    public void Restart(OperatorOptions options)
    {
        Operator = Create(options);
        Restart();
    }

    public JsonObject CreateControlPlane(string name, string type = "k8s", Action<JsonObject>? more = null)
    {
        var spec = new JsonObject { ["type"] = type };
        more?.Invoke(spec);
        return Api.Put(ControlPlane(name), new JsonObject { ["apiVersion"] = Names.ApiVersion, ["kind"] = "ControlPlane", ["spec"] = spec });
    }

    /// <summary>Changes the object as its owner would.</summary>
    public void Edit(string name, Action<JsonObject> change)
    {
        var cp = Find(name)!;
        change(cp);
        Api.Put(ControlPlane(name), cp);
    }

    public void Annotate(string name, string annotation, string? value) => Edit(name, cp =>
    {
        if (cp["metadata"]!["annotations"] is not JsonObject annotations) cp["metadata"]!["annotations"] = annotations = [];
        annotations[annotation] = value;
    });

    public JsonObject CreateHook(string name, JsonArray templates, JsonArray? defaults = null, JsonObject? labels = null, Action<JsonObject>? more = null)
    {
        var spec = new JsonObject { ["templates"] = templates };
        more?.Invoke(spec);
        if (defaults is not null) spec["defaultVars"] = defaults;
        return Api.Put(Resources.PostCreateHooks.Named(name), new JsonObject
        {
            ["apiVersion"] = Names.ApiVersion,
            ["kind"] = "PostCreateHook",
            ["metadata"] = new JsonObject { ["labels"] = labels ?? [] },
            ["spec"] = spec,
        });
    }

    public async Task DeleteAsync(string name) => await Api.Client().DeleteAsync(ControlPlane(name), "Background", stop.Token);

    public JsonObject? Find(string name) => Api.Get(ControlPlane(name));

    public JsonObject Condition(string name, string type) =>
        (JsonObject)Find(name)!["status"]!["conditions"]!.AsArray().Single(c => (string?)c!["type"] == type)!;

    public bool IsReady(string name) => Find(name)?["status"]?["conditions"] is JsonArray conditions
        && conditions.Any(c => (string?)c!["type"] == "Ready" && (string?)c["status"] == "True");

    public string SecretText(string cp, string secret, string key) =>
        Encoding.UTF8.GetString(Convert.FromBase64String((string)Api.Get(Secret(cp, secret))!["data"]![key]!));

    public IReadOnlyList<JsonObject> Events(string reason) => [.. Api.All(Resources.Events).Where(e => (string?)e["reason"] == reason)];

    public IReadOnlyList<FakeRequest> Writes() => [.. Api.Requests.Where(r => r.IsWrite)];

    public static ResourceRef ControlPlane(string name) => Resources.ControlPlanes.Named(name);

    public static ResourceRef Secret(string cp, string name) => Resources.Secrets.In($"{cp}-system").Named(name);

    public static ResourceRef Namespace(string cp) => Resources.Namespaces.Named($"{cp}-system");

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running);
        stop.Dispose();
        Api.Dispose();
    }

    // Watches of a real clock's informers deliver soon; nothing tells when all did, so compare what both sides hold.
    private async Task CaughtUpAsync()
    {
        while (!(Same(Resources.ControlPlanes, cluster!.ControlPlanes.List()) && Same(Resources.PostCreateHooks, cluster.Hooks.List())
            && Same(Resources.Namespaces, cluster.Namespaces.List())
            && Same(Resources.Secrets, cluster.Secrets.List(), o => IsManaged(o)) && DependentsCaughtUp()))
            await Task.Delay(1, stop.Token);
    }

    private OperatorHost Create(OperatorOptions options) => new(Api.Client(), Host, options, Time, NullLoggerFactory.Instance) { Tenants = tenants, StorageService = storageService };

    private bool DependentsCaughtUp() => cluster!.Dependents.Count == 0
        || (Same(Resources.ConfigMaps, cluster.SystemConfig.List(), o => (string?)o["metadata"]!["name"] == Names.SystemConfig)
            && Same(Resources.Secrets, cluster.VClusterSecrets.List(), o => (string?)o["metadata"]!["name"] == HostingCluster.VClusterSecret)
            && cluster.Dependents.Zip(Kinds.Watched).All(d => Same(d.Second, d.First.List(), IsManaged)));

    private static bool IsManaged(JsonObject o) => (string?)o["metadata"]!["labels"]?[Names.ManagedByLabel] == Names.ManagedBy;

    private bool Same(ResourceRef collection, IReadOnlyList<JsonObject> cached, Func<JsonObject, bool>? filter = null)
    {
        static string Key(JsonObject o) => $"{(string?)o["metadata"]!["namespace"]}/{(string?)o["metadata"]!["name"]}@{(string?)o["metadata"]!["resourceVersion"]}";
        return Api.All(collection).Where(filter ?? (_ => true)).Select(Key).Order(StringComparer.Ordinal).SequenceEqual(cached.Select(Key).Order(StringComparer.Ordinal));
    }
}
