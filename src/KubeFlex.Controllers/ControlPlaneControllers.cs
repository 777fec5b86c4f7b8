using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using KubeFlex.Controllers.GarbageCollection;
using KubeFlex.Controllers.Namespaces;
using KubeFlex.Controllers.Objects;
using KubeFlex.Controllers.RootCertificates;
using KubeFlex.Controllers.ServiceAccounts;
using KubeFlex.Controllers.StorageProtection;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Controllers;

/// <summary>
/// The controllers of one control plane. They hold no thread, timer or copy of an object: the store's changes come in through
/// <see cref="Observe"/>, which only decides what to look at; the process-wide <see cref="ControllerManager"/> does the looking.
/// </summary>
public sealed class ControlPlaneControllers
{
    private readonly IControlPlaneAccess access;
    private readonly Action<WorkItem> enqueue;
    private readonly OwnerGraph graph = new();
    private readonly ConcurrentDictionary<string, bool> terminating = new(StringComparer.Ordinal);
    // Claims that wait for the pods that use them.
    private readonly ConcurrentDictionary<(string Namespace, string Name), bool> leaving = new();
    private readonly GarbageCollector garbage;
    private readonly NamespaceController namespaces;
    private readonly DefaultServiceAccountController accounts;
    private readonly RootCertificatePublisher certificates;
    private readonly TokenSecretController tokens;
    private readonly StorageProtectionController protection;

    internal ControlPlaneControllers(IControlPlaneAccess access, TimeProvider time, Action<WorkItem> enqueue)
    {
        (this.access, this.enqueue) = (access, enqueue);
        garbage = new GarbageCollector(access, graph, Collect);
        namespaces = new NamespaceController(access, time);
        accounts = new DefaultServiceAccountController(access);
        certificates = new RootCertificatePublisher(access);
        tokens = new TokenSecretController(access);
        protection = new StorageProtectionController(access);
    }

    /// <summary>Name of the control plane.</summary>
    public string Name => access.Name;

    /// <summary>True once the control plane is no longer served here: work for it is dropped.</summary>
    public bool Stopped { get; set; }

    /// <summary>Looks at everything once: at start, and after anything that may have gone unseen.</summary>
    public async Task ResyncAsync(CancellationToken cancellation)
    {
        foreach (var value in await access.SnapshotAsync(cancellation)) Observe(new ObjectChange(value, default));
    }

    /// <summary>Takes in one durable change. Quick, never throws, safe beside <see cref="ResyncAsync"/>.</summary>
    public void Observe(ObjectChange change)
    {
        var deleted = change.Current.IsEmpty;
        if (!deleted && !Concerns(change.Current.Span) && !HasOwners(change.Previous.Span)) return;
        if (ObjectHead.Read(deleted ? change.Previous.Span : change.Current.Span) is not { } head) return;
        if (deleted) ObserveDeletion(head);
        else ObserveState(head, change.Current.Span, change.Previous.Span);
    }

    internal Task ReconcileAsync(WorkItem item, CancellationToken cancellation) => item.Controller switch
    {
        Controller.GarbageCollector => garbage.ReconcileAsync(item.Object!, cancellation),
        Controller.Namespace => namespaces.ReconcileAsync(item.Namespace, cancellation),
        Controller.DefaultServiceAccount => accounts.ReconcileAsync(item.Namespace, cancellation),
        Controller.RootCertificate => certificates.ReconcileAsync(item.Namespace, cancellation),
        Controller.TokenSecret => tokens.ReconcileAsync(item.Namespace, item.Name, cancellation),
        Controller.Claim => protection.ReconcileClaimAsync(item.Namespace, item.Name, cancellation),
        Controller.Volume => protection.ReconcileVolumeAsync(item.Name, cancellation),
        _ => EnqueueTokenSecretsAsync(item.Namespace, cancellation),
    };

    // Most writes concern no controller, and these few searches are all they cost.
    private static bool Concerns(ReadOnlySpan<byte> json)
    {
        var start = json[..Math.Min(json.Length, 96)];
        return HasOwners(json) || json.IndexOf("\"deletionTimestamp\":"u8) >= 0 || start.IndexOf("\"kind\":\"Namespace\""u8) >= 0 || start.IndexOf("\"kind\":\"PersistentVolume"u8) >= 0
            || json.IndexOf("\"kube-root-ca.crt\""u8) >= 0 || json.IndexOf("kubernetes.io/service-account.name"u8) >= 0;
    }

    private static ReadOnlySpan<byte> TokenSecretType => "kubernetes.io/service-account-token"u8;

    private static bool HasOwners(ReadOnlySpan<byte> json) => json.IndexOf("\"ownerReferences\":[{"u8) >= 0;

    private void ObserveState(ObjectHead head, ReadOnlySpan<byte> current, ReadOnlySpan<byte> previous)
    {
        var before = previous.IsEmpty ? null : ObjectHead.Read(previous);
        if (head.Owners.Count > 0 || before?.Owners.Count > 0) graph.Put(head);
        if (head.Owners.Count > 0 && (before is null || !before.Owners.SequenceEqual(head.Owners)) || head.DeletingInForeground || head.DeletingAndOrphaning)
            Collect(head.Id);

        var (ns, name) = (head.Id.Namespace, head.Id.Name);
        switch (head.Id.Kind.ToString())
        {
            case "v1, Kind=Namespace" when head.Deleting:
                terminating[name] = true;
                Enqueue(Controller.Namespace, name);
                break;
            case "v1, Kind=Namespace" when before is null:
                Enqueue(Controller.DefaultServiceAccount, name);
                Enqueue(Controller.RootCertificate, name);
                break;
            case "v1, Kind=ConfigMap" when name == RootCertificatePublisher.ConfigMapName && before is not null:
                Enqueue(Controller.RootCertificate, ns);
                break;
            case "v1, Kind=Secret" when current.IndexOf(TokenSecretType) >= 0:
                enqueue(new WorkItem(this, Controller.TokenSecret, ns, name));
                break;
            case "v1, Kind=PersistentVolumeClaim" when head.Deleting || !head.Finalizers.Contains(StorageProtectionController.ClaimFinalizer):
                // Before it is looked at: a pod that goes meanwhile must find it here.
                if (head.Deleting) leaving[(ns, name)] = true;
                enqueue(new WorkItem(this, Controller.Claim, ns, name));
                break;
            case "v1, Kind=PersistentVolume" when head.Deleting || !head.Finalizers.Contains(StorageProtectionController.VolumeFinalizer):
                enqueue(new WorkItem(this, Controller.Volume, "", name));
                break;
        }
    }

    private void ObserveDeletion(ObjectHead head)
    {
        var (ns, name) = (head.Id.Namespace, head.Id.Name);
        // Owners in foreground deletion wait for this.
        foreach (var owner in graph.Remove(head.Id.Uid)) Collect(new ObjectId(owner.Kind, ns, owner.Name, owner.Uid));
        foreach (var dependent in graph.DependentsOf(head.Id.Uid)) Collect(dependent.Id);
        if (ns.Length > 0 && terminating.ContainsKey(ns)) Enqueue(Controller.Namespace, ns);
        switch (head.Id.Kind.ToString())
        {
            case "v1, Kind=Namespace": terminating.TryRemove(name, out _); break;
            case "v1, Kind=PersistentVolumeClaim": leaving.TryRemove((ns, name), out _); break;
            case "v1, Kind=Pod":
                foreach (var ((of, claim), _) in leaving)
                {
                    if (of == ns) enqueue(new WorkItem(this, Controller.Claim, ns, claim));
                }
                break;
            case "v1, Kind=ConfigMap" when name == RootCertificatePublisher.ConfigMapName: Enqueue(Controller.RootCertificate, ns); break;
            case "v1, Kind=ServiceAccount":
                if (name == DefaultServiceAccountController.AccountName) Enqueue(Controller.DefaultServiceAccount, ns);
                Enqueue(Controller.TokenSecretsOfNamespace, ns);
                break;
        }
    }

    private async Task EnqueueTokenSecretsAsync(string ns, CancellationToken cancellation)
    {
        var list = await access.Client.ListAsync(Resources.Secrets.In(ns), $"fieldSelector=type%3D{Uri.EscapeDataString(TokenSecretController.SecretType)}", cancellation);
        foreach (var secret in list["items"] as JsonArray ?? [])
            enqueue(new WorkItem(this, Controller.TokenSecret, ns, (string)secret!["metadata"]!["name"]!));
    }

    private void Collect(ObjectId id) => enqueue(new WorkItem(this, Controller.GarbageCollector, id.Namespace, id.Name, id));

    private void Enqueue(Controller controller, string ns) => enqueue(new WorkItem(this, controller, ns));
}
