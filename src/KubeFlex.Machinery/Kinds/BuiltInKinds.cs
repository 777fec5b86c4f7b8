using System.Collections.Frozen;
using System.Text.Json.Nodes;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.Machinery.Kinds;

/// <summary>All kinds' rules, found by group and kind (equal for all versions).</summary>
public static class BuiltInKinds
{
    private static readonly KindRules None = new NoRules();

    private static readonly FrozenDictionary<GroupKind, KindRules> ByKind = new Dictionary<GroupKind, KindRules>
    {
        [new("", "Pod")] = new PodRules(),
        [new("", "PodTemplate")] = new PodTemplateRules(),
        [new("", "ReplicationController")] = new ReplicationControllerRules(),
        [new("", "ConfigMap")] = new ConfigMapRules(),
        [new("", "Secret")] = new SecretRules(),
        [new("apps", "Deployment")] = new DeploymentRules(),
        [new("apps", "ReplicaSet")] = new ReplicaSetRules(),
        [new("apps", "StatefulSet")] = new StatefulSetRules(),
        [new("apps", "DaemonSet")] = new DaemonSetRules(),
        [new("apps", "ControllerRevision")] = new ControllerRevisionRules(),
        [new("batch", "Job")] = new JobRules(),
        [new("batch", "CronJob")] = new CronJobRules(),
        [new("", "Service")] = new ServiceRules(),
        [new("", "Endpoints")] = new EndpointsRules(),
        [new("discovery.k8s.io", "EndpointSlice")] = new EndpointSliceRules(),
        [new("", "Namespace")] = new NamespaceRules(),
        [new("", "ServiceAccount")] = new ServiceAccountRules(),
        [new("", "Node")] = new NodeRules(),
        [new("", "ResourceQuota")] = new ResourceQuotaRules(),
        [new("", "LimitRange")] = new LimitRangeRules(),
        [new("", "PersistentVolume")] = new PersistentVolumeRules(),
        [new("", "PersistentVolumeClaim")] = new PersistentVolumeClaimRules(),
        [new("storage.k8s.io", "StorageClass")] = new StorageClassRules(),
        [new("storage.k8s.io", "VolumeAttachment")] = new VolumeAttachmentRules(),
        [new("storage.k8s.io", "CSIDriver")] = new CsiDriverRules(),
        [new("storage.k8s.io", "CSINode")] = new CsiNodeRules(),
        [new("", "Event")] = new EventRules(),
        [new("events.k8s.io", "Event")] = new EventRules(),
        [new("coordination.k8s.io", "Lease")] = new LeaseRules(),
        [new("scheduling.k8s.io", "PriorityClass")] = new PriorityClassRules(),
        [new("node.k8s.io", "RuntimeClass")] = new RuntimeClassRules(),
        [new("networking.k8s.io", "Ingress")] = new IngressRules(),
        [new("networking.k8s.io", "IngressClass")] = new IngressClassRules(),
        [new("networking.k8s.io", "NetworkPolicy")] = new NetworkPolicyRules(),
        [new("networking.k8s.io", "ServiceCIDR")] = new ServiceCidrRules(),
        [new("networking.k8s.io", "IPAddress")] = new IPAddressRules(),
        [new("policy", "PodDisruptionBudget")] = new PodDisruptionBudgetRules(),
        [new("autoscaling", "HorizontalPodAutoscaler")] = new HorizontalPodAutoscalerRules(),
        [new("rbac.authorization.k8s.io", "Role")] = new RoleRules(clusterWide: false),
        [new("rbac.authorization.k8s.io", "ClusterRole")] = new RoleRules(clusterWide: true),
        [new("rbac.authorization.k8s.io", "RoleBinding")] = new RoleBindingRules(clusterWide: false),
        [new("rbac.authorization.k8s.io", "ClusterRoleBinding")] = new RoleBindingRules(clusterWide: true),
        [new("certificates.k8s.io", "CertificateSigningRequest")] = new CertificateSigningRequestRules(),
        [new("apiregistration.k8s.io", "APIService")] = new ApiServiceRules(),
        [new("flowcontrol.apiserver.k8s.io", "FlowSchema")] = new FlowSchemaRules(),
        [new("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration")] = new PriorityLevelConfigurationRules(),
        [new("admissionregistration.k8s.io", "MutatingWebhookConfiguration")] = new WebhookConfigurationRules(mutating: true),
        [new("admissionregistration.k8s.io", "ValidatingWebhookConfiguration")] = new WebhookConfigurationRules(mutating: false),
        [new("admissionregistration.k8s.io", "ValidatingAdmissionPolicy")] = new AdmissionPolicyRules(validating: true),
        [new("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding")] = new AdmissionPolicyBindingRules(validating: true),
        [new("admissionregistration.k8s.io", "MutatingAdmissionPolicy")] = new AdmissionPolicyRules(validating: false),
        [new("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding")] = new AdmissionPolicyBindingRules(validating: false),
        [new("resource.k8s.io", "ResourceClaim")] = new ResourceClaimRules(),
        [new("resource.k8s.io", "ResourceClaimTemplate")] = new ResourceClaimTemplateRules(),
        [new("resource.k8s.io", "DeviceClass")] = new GenerationOnlyRules(),
        [new("resource.k8s.io", "ResourceSlice")] = new GenerationOnlyRules(),
    }.ToFrozenDictionary();

    /// <summary>The rules of a kind; a neutral instance for kinds without any.</summary>
    public static KindRules Rules(GroupKind kind) => ByKind.GetValueOrDefault(kind, None);

    /// <summary>Turns an object of one version into another of the same kind (HorizontalPodAutoscaler v1/v2, Event core/events.k8s.io …); for all others only apiVersion changes. Returns a new object or the same one.</summary>
    public static JsonObject Convert(JsonObject obj, GroupVersionKind to) 
    {
        var from = obj["apiVersion"] is { } version ? version.AsText() : "";
        if (from == to.ApiVersion) return obj;
        return (to.Kind, to.ApiVersion) switch
        {
            ("HorizontalPodAutoscaler", "autoscaling/v1") => AutoscalingConversion.ToV1(obj),
            ("HorizontalPodAutoscaler", "autoscaling/v2") when from == "autoscaling/v1" => AutoscalingConversion.ToV2(obj),
            ("Event", "v1" or "events.k8s.io/v1") => EventRules.Convert(obj, to.ApiVersion),
            _ => Renamed(obj, to.ApiVersion),
        };
    }

    private static JsonObject Renamed(JsonObject obj, string apiVersion)
    {
        var made = (JsonObject)obj.DeepClone();
        made["apiVersion"] = apiVersion;
        return made;
    }

    private sealed class NoRules : KindRules;
}
