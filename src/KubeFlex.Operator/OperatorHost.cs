using System.Text.Json.Nodes;
using KubeFlex.Operator.ControlPlanes;
using KubeFlex.Operator.Crds;
using KubeFlex.Operator.Exposure;
using KubeFlex.Operator.Hosting;
using KubeFlex.Operator.Metrics;
using KubeFlex.Operator.Objects;
using KubeFlex.Operator.Runtimes;
using KubeFlex.Operator.Runtimes.InProcess;
using KubeFlex.Operator.Runtimes.Pods;
using KubeFlex.Operator.Runtimes.Pods.Storage;
using KubeFlex.Operator.Runtimes.Pods.Storage.Service;
using KubeFlex.Operator.Runtimes.Process;
using KubeFlex.Operator.Tenants;
using KubeFlex.Operator.Types;
using KubeFlex.Operator.Types.External;
using KubeFlex.Operator.Types.Host;
using KubeFlex.Operator.Types.K3s;
using KubeFlex.Operator.Types.K8s;
using KubeFlex.Operator.Types.Ocm;
using KubeFlex.Operator.Types.Unavailable;
using KubeFlex.Operator.Types.VCluster;
using KubeFlex.Runtime.Client;
using KubeFlex.Runtime.Controllers;
using KubeFlex.Runtime.Informers;
using KubeFlex.Runtime.Queues;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Operator;

/// <summary>
/// The operator: watches ControlPlane objects of the hosting cluster and makes them so. It speaks the Kubernetes API only, so that the hosting
/// cluster may be the embedded one or any other; <paramref name="inProcess"/> runs control planes inside this process, null when nothing can.
/// </summary>
public sealed class OperatorHost(KubeClient hosting, IInProcessHost? inProcess, OperatorOptions options, TimeProvider time, ILoggerFactory logs)
{
    /// <summary>A storage service that does not answer is asked again so soon for each control plane that waits for it.</summary>
    private static readonly TimeSpan AskStorageAgain = TimeSpan.FromSeconds(3);

    /// <summary>Installs or upgrades both custom resource definitions and waits until they are served.</summary>
    public Task InstallCrdsAsync(CancellationToken cancellation) => new CrdInstaller(hosting).InstallAsync(cancellation);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (options.InstallCrds) await InstallCrdsAsync(cancellation);
        var cluster = CreateCluster();
        var metrics = options.Meter is { } meter ? new OperatorMetrics(meter, cluster, options.DefaultRuntime) : null;
        IReconciler reconciler = CreateReconciler(cluster, metrics);
        if (metrics is not null) reconciler = new MeasuredReconciler(reconciler, metrics, time);
        using var queue = new WorkQueue<string>(time, options.Backoff, options.Waiting);
        Connect(cluster, queue);
        StorageUnanswered = name => queue.AddAfter(name, AskStorageAgain);
        using var storageQueue = new WorkQueue<string>(time, options.Backoff);
        var storage = CreateStorageCertificates(cluster, () => AddPods(cluster, queue));
        if (storage is not null) ConnectStorage(cluster, storageQueue);
        options.Processes?.OnChange(queue.Add);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        cluster.HookObjects.Start(queue.Add, stop.Token);
        var watching = cluster.Informers.Select(i => i.RunAsync(stop.Token)).ToList();
        try
        {
            // With half a cache, secrets that exist would look lost.
            await Task.WhenAll(cluster.Informers.Select(i => i.WhenSyncedAsync(cancellation)));
            await Task.WhenAll(
                new ControllerRunner("controlplane", queue, reconciler, options.Workers, logs.CreateLogger("KubeFlex.Operator.ControlPlanes")).RunAsync(cancellation),
                storage is null ? Task.CompletedTask : new ControllerRunner("storage", storageQueue, storage, 1, logs.CreateLogger("KubeFlex.Operator.Storage")).RunAsync(cancellation));
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopped before the first list was complete.
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll([.. watching, cluster.HookObjects.WhenStoppedAsync()]);
        }
    }

    /// <summary>How the APIs of control planes are reached; tests put their own here.</summary>
    internal ITenantApi Tenants { get; init; } = new TenantApi(options.Pods?.ServiceGateway);

    /// <summary>How the storage service is reached; null for over the network. Tests put their own here.</summary>
    internal IStorageService? StorageService { get; init; }

    /// <summary>Told of control planes that wait for the storage service to answer.</summary>
    internal Action<string>? StorageUnanswered { get; set; }

    /// <summary>What keeps the storage service's certificates; null when no control planes run as pods.</summary>
    internal StorageCertificates? CreateStorageCertificates(HostingCluster cluster, Action changed) =>
        options.Pods is { } pods ? new StorageCertificates(cluster, new ManagedSecrets(cluster), pods, changed) : null;

    internal HostingCluster CreateCluster() => new(hosting, time, logs, withPods: options.Pods is not null);

    internal ControlPlaneReconciler CreateReconciler(HostingCluster cluster, OperatorMetrics? metrics = null)
    {
        var events = new EventRecorder(cluster, logs.CreateLogger("KubeFlex.Operator.Events"));
        return new ControlPlaneReconciler(cluster, Types(cluster, events), Tenants, events, metrics);
    }

    private Dictionary<string, IControlPlaneType> Types(HostingCluster cluster, EventRecorder events)
    {
        var runtimes = new Dictionary<string, IControlPlaneRuntime>();
        if (inProcess is not null) runtimes["InProcess"] = new InProcessRuntime(inProcess);
        if (options.Processes is { } processes) runtimes["Process"] = new ProcessRuntime(processes, new ManagedSecrets(cluster));
        IControlPlaneType vcluster = new UnavailableType("vcluster", "it needs a hosting cluster that runs pods"), k3s = new UnavailableType("k3s", "it needs a hosting cluster that runs pods");
        if (options.Pods is { } pods)
        {
            var (secrets, objects, probe) = (new ManagedSecrets(cluster), new ManagedObjects(cluster), new TenantProbe(cluster, Tenants));
            var exposer = new Exposer(cluster, objects, pods);
            var service = new ServiceStorage(cluster, secrets, objects, StorageService ?? new StorageServiceClient(cluster, secrets, pods.ServiceGateway), name => StorageUnanswered?.Invoke(name));
            runtimes["Pods"] = new PodsRuntime(cluster, secrets, objects, exposer, probe, new Dictionary<string, IControlPlaneStorage>
            {
                ["shared"] = new SharedStorage(cluster, service, new KineStorage(secrets, new TenantDatabase(cluster, objects, pods), pods), pods),
                ["dedicated"] = new EtcdStorage(cluster, secrets, objects, pods),
            }, pods);
            vcluster = new VClusterType(cluster, secrets, objects, exposer, probe, pods);
            k3s = new K3sType(cluster, secrets, objects, exposer, probe, pods);
        }
        return new Dictionary<string, IControlPlaneType>
        {
            ["k8s"] = new K8sType(runtimes, options.DefaultRuntime, cluster, events),
            ["host"] = new HostType(cluster, options.HostingEndpoint),
            ["vcluster"] = vcluster,
            ["k3s"] = k3s,
            ["external"] = new ExternalType(cluster, Tenants, events),
            ["ocm"] = new OcmType(),
        };
    }

    private static void Connect(HostingCluster cluster, WorkQueue<string> queue)
    {
        cluster.ControlPlanes.OnChange(change =>
        {
            if (change.New is { } now && (change.Old is not { } old || IsForUs(old, now))) queue.Add((string)now["metadata"]!["name"]!);
        });
        cluster.Hooks.OnChange(change =>
        {
            foreach (var cp in cluster.ControlPlanes.Find(HostingCluster.ByHook, (string)change.Latest["metadata"]!["name"]!)) queue.Add((string)cp["metadata"]!["name"]!);
        });
        cluster.Namespaces.OnChange(change =>
        {
            var name = (string)change.Latest["metadata"]!["name"]!;
            if (change.New is null && name.EndsWith("-system", StringComparison.Ordinal)) queue.Add(name[..^"-system".Length]);
        });
        cluster.Secrets.OnChange(change =>
        {
            // A new one is our own, and whoever made it knows.
            if (change.Old is not { } old || OwnerOf(old) is not { } owner) return;
            if (change.New is not { } now || !JsonNode.DeepEquals(old["data"], now["data"])) queue.Add(owner);
        });
        foreach (var dependents in cluster.Dependents)
        {
            dependents.OnChange(change =>
            {
                if (change.Old is not { } old || OwnerOf(old) is not { } owner) return;
                if (change.New is not { } now || !JsonNode.DeepEquals(old["status"], now["status"])
                    || !JsonNode.DeepEquals(old["metadata"]?["generation"], now["metadata"]?["generation"])) queue.Add(owner);
            });
        }
        cluster.SystemConfig.OnChange(change =>
        {
            if ((string?)change.Latest["metadata"]?["namespace"] != Names.SystemNamespace) return;
            AddPods(cluster, queue);
        });
        cluster.VClusterSecrets.OnChange(change =>
        {
            // Written by the vcluster itself, so that a new one is news.
            var ns = (string?)change.Latest["metadata"]?["namespace"] ?? "";
            if (ns.EndsWith("-system", StringComparison.Ordinal) && !JsonNode.DeepEquals(change.Old?["data"], change.New?["data"])) queue.Add(ns[..^"-system".Length]);
        });
    }

    private static void ConnectStorage(HostingCluster cluster, WorkQueue<string> queue)
    {
        queue.Add(StorageCertificates.QueueKey);
        cluster.Namespaces.OnChange(change =>
        {
            if ((string?)change.Latest["metadata"]?["name"] == Names.SystemNamespace) queue.Add(StorageCertificates.QueueKey);
        });
        cluster.Secrets.OnChange(change =>
        {
            if ((string?)change.Latest["metadata"]?["namespace"] == Names.SystemNamespace && OwnerOf(change.Latest) is null
                && !JsonNode.DeepEquals(change.Old?["data"], change.New?["data"])) queue.Add(StorageCertificates.QueueKey);
        });
    }

    /// <summary>All control planes that may run as pods.</summary>
    private static void AddPods(HostingCluster cluster, WorkQueue<string> queue)
    {
        foreach (var cp in cluster.ControlPlanes.List().Where(o => (string?)o["spec"]?["runtime"] != "InProcess")) queue.Add((string)cp["metadata"]!["name"]!);
    }

    /// <summary>The control plane that an object of ours belongs to.</summary>
    private static string? OwnerOf(JsonObject obj) => ControlPlane.OwnerOf(obj) ?? (string?)obj["metadata"]?["labels"]?[Names.ControlPlaneLabel];

    /// <summary>Changes that call for a pass: of the spec, of metadata that we care for. Not of the status, which is ours.</summary>
    private static bool IsForUs(JsonObject old, JsonObject now)
    {
        var (before, after) = (new ControlPlane(old), new ControlPlane(now));
        return before.Uid != after.Uid || before.Generation != after.Generation || before.IsDeleting != after.IsDeleting || (before.HasFinalizer && !after.HasFinalizer)
            || !JsonNode.DeepEquals(old["metadata"]?["labels"], now["metadata"]?["labels"])
            || !JsonNode.DeepEquals(old["metadata"]?["annotations"], now["metadata"]?["annotations"]);
    }
}
