using System.Collections.Frozen;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Objects;
using KubeFlex.Machinery.Tables.Printers;

namespace KubeFlex.Machinery.Tables;

/// <summary>Makes the cells of one row.</summary>
internal delegate JsonArray Printer(JsonObject obj, DateTimeOffset now);

/// <summary>Which printer a kind has, and the columns of the few kinds whose columns are not among the published facts.</summary>
internal static class PrinterCatalog
{
    private const string Apps = "apps", Batch = "batch", Net = "networking.k8s.io", Storage = "storage.k8s.io", Rbac = "rbac.authorization.k8s.io", Admission = "admissionregistration.k8s.io",
        Flow = "flowcontrol.apiserver.k8s.io", Resource = "resource.k8s.io", Coordination = "coordination.k8s.io", Certificates = "certificates.k8s.io";

    private static readonly FrozenDictionary<GroupKind, Printer> All = new Dictionary<GroupKind, Printer>
    {
        [new("", "Pod")] = PodPrinter.Print,
        [new("", "PodTemplate")] = WorkloadPrinters.PodTemplate,
        [new("", "ReplicationController")] = CorePrinters.ReplicationController,
        [new("", "Service")] = CorePrinters.Service,
        [new("", "Endpoints")] = CorePrinters.Endpoints,
        [new("", "Node")] = CorePrinters.Node,
        [new("", "Event")] = CorePrinters.Event,
        [new("events.k8s.io", "Event")] = CorePrinters.Event,
        [new("", "Namespace")] = CorePrinters.Namespace,
        [new("", "Secret")] = CorePrinters.Secret,
        [new("", "ConfigMap")] = CorePrinters.ConfigMap,
        [new("", "ServiceAccount")] = CorePrinters.NameAndAge,
        [new("", "ResourceQuota")] = CorePrinters.ResourceQuota,
        [new("", "ComponentStatus")] = CorePrinters.ComponentStatus,
        [new("", "PersistentVolume")] = StoragePrinters.PersistentVolume,
        [new("", "PersistentVolumeClaim")] = StoragePrinters.PersistentVolumeClaim,
        [new(Apps, "Deployment")] = WorkloadPrinters.Deployment,
        [new(Apps, "ReplicaSet")] = WorkloadPrinters.ReplicaSet,
        [new(Apps, "StatefulSet")] = WorkloadPrinters.StatefulSet,
        [new(Apps, "DaemonSet")] = WorkloadPrinters.DaemonSet,
        [new(Apps, "ControllerRevision")] = WorkloadPrinters.ControllerRevision,
        [new(Batch, "Job")] = WorkloadPrinters.Job,
        [new(Batch, "CronJob")] = WorkloadPrinters.CronJob,
        [new("autoscaling", "HorizontalPodAutoscaler")] = WorkloadPrinters.HorizontalPodAutoscaler,
        [new("autoscaling", "Scale")] = OtherPrinters.Scale,
        [new("policy", "PodDisruptionBudget")] = PolicyPrinters.PodDisruptionBudget,
        [new(Net, "Ingress")] = NetworkPrinters.Ingress,
        [new(Net, "IngressClass")] = NetworkPrinters.IngressClass,
        [new(Net, "NetworkPolicy")] = NetworkPrinters.NetworkPolicy,
        [new(Net, "ServiceCIDR")] = NetworkPrinters.ServiceCidr,
        [new(Net, "IPAddress")] = NetworkPrinters.IpAddress,
        [new("discovery.k8s.io", "EndpointSlice")] = NetworkPrinters.EndpointSlice,
        [new(Storage, "StorageClass")] = StoragePrinters.StorageClass,
        [new(Storage, "VolumeAttributesClass")] = StoragePrinters.VolumeAttributesClass,
        [new(Storage, "VolumeAttachment")] = StoragePrinters.VolumeAttachment,
        [new(Storage, "CSINode")] = StoragePrinters.CsiNode,
        [new(Storage, "CSIDriver")] = StoragePrinters.CsiDriver,
        [new(Storage, "CSIStorageCapacity")] = StoragePrinters.CsiStorageCapacity,
        [new(Rbac, "RoleBinding")] = PolicyPrinters.Binding,
        [new(Rbac, "ClusterRoleBinding")] = PolicyPrinters.Binding,
        [new(Certificates, "CertificateSigningRequest")] = PolicyPrinters.CertificateSigningRequest,
        [new(Certificates, "ClusterTrustBundle")] = OtherPrinters.ClusterTrustBundle,
        [new(Coordination, "Lease")] = OtherPrinters.Lease,
        [new(Coordination, "LeaseCandidate")] = OtherPrinters.LeaseCandidate,
        [new("scheduling.k8s.io", "PriorityClass")] = PolicyPrinters.PriorityClass,
        [new("node.k8s.io", "RuntimeClass")] = OtherPrinters.RuntimeClass,
        [new(Admission, "MutatingWebhookConfiguration")] = PolicyPrinters.Webhooks,
        [new(Admission, "ValidatingWebhookConfiguration")] = PolicyPrinters.Webhooks,
        [new(Admission, "ValidatingAdmissionPolicy")] = PolicyPrinters.ValidatingPolicy,
        [new(Admission, "ValidatingAdmissionPolicyBinding")] = PolicyPrinters.PolicyBinding,
        [new(Admission, "MutatingAdmissionPolicy")] = PolicyPrinters.MutatingPolicy,
        [new(Admission, "MutatingAdmissionPolicyBinding")] = PolicyPrinters.PolicyBinding,
        [new(Flow, "FlowSchema")] = PolicyPrinters.FlowSchema,
        [new(Flow, "PriorityLevelConfiguration")] = PolicyPrinters.PriorityLevel,
        [new("apiregistration.k8s.io", "APIService")] = PolicyPrinters.ApiService,
        [new("internal.apiserver.k8s.io", "StorageVersion")] = OtherPrinters.StorageVersion,
        [new(Resource, "DeviceClass")] = CorePrinters.NameAndAge,
        [new(Resource, "ResourceClaim")] = OtherPrinters.ResourceClaim,
        [new(Resource, "ResourceClaimTemplate")] = CorePrinters.NameAndAge,
        [new(Resource, "ResourceSlice")] = OtherPrinters.ResourceSlice,
    }.ToFrozenDictionary();

    private static readonly FrozenDictionary<GroupKind, TableColumn[]> OwnColumns = new Dictionary<GroupKind, TableColumn[]>
    {
        [new(Storage, "CSIDriver")] =
        [
            Name, Plain("AttachRequired", "boolean"), Plain("PodInfoOnMount", "boolean"), Plain("StorageCapacity", "boolean"), Plain("TokenRequests", "string"),
            Plain("RequiresRepublish", "boolean"), Plain("Modes", "string"), Age,
        ],
    }.ToFrozenDictionary();

    /// <summary>What kinds without a printer show.</summary>
    public static readonly IReadOnlyList<TableColumn> DefaultColumns = [Name, new("Created At", "date", "", 0, ColumnTexts.CreationTimestamp)];

    private static TableColumn Name => new("Name", "string", "name", 0, ColumnTexts.Name);

    private static TableColumn Age => new("Age", "string", "", 0, ColumnTexts.CreationTimestamp);

    public static Printer? Find(GroupKind kind) => All.GetValueOrDefault(kind);

    public static IReadOnlyList<TableColumn> Columns(ResourceInfo resource)
    {
        if (resource.Custom) return resource.Columns;
        if (!All.ContainsKey(resource.Kind.GroupKind)) return DefaultColumns;
        return OwnColumns.GetValueOrDefault(resource.Kind.GroupKind) ?? (resource.Columns.Count > 0 ? resource.Columns : DefaultColumns);
    }

    private static TableColumn Plain(string name, string type) => new(name, type, "", 0, "");
}
