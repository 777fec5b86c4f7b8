using System.Collections.Frozen;
using KubeFlex.Machinery.Catalog;

namespace KubeFlex.Machinery.Validation;

/// <summary>What Go's encoder does with the members of one struct, worked out once per schema.</summary>
internal sealed class GoStruct
{
    private readonly HashSet<string> written = new(StringComparer.Ordinal);
    private readonly HashSet<string> zeros = new(StringComparer.Ordinal);

    internal GoStruct(Schema schema)
    {
        foreach (var (name, member) in schema.Properties)
        {
            if (GoTypes.IsAlwaysWritten(schema, name, member)) written.Add(name);
            else if (member.Type == SchemaType.String ? GoTypes.DropsEmptyString(schema, name) : GoTypes.DropsZero(schema, name)) zeros.Add(name);
        }
        AlwaysWritten = [.. schema.Properties.Where(p => written.Contains(p.Key)).Select(p => (p.Key, p.Value))];
    }

    /// <summary>Members that are written whatever their value.</summary>
    internal (string Name, Schema Schema)[] AlwaysWritten { get; }

    /// <summary>See <see cref="AlwaysWritten"/>.</summary>
    internal bool Writes(string member) => written.Contains(member);

    /// <summary>Whether an optional scalar is left out when it is zero or empty.</summary>
    internal bool OmitsZero(string member) => zeros.Contains(member);
}

/// <summary>
/// Facts about the Go types behind the published schemas that the schemas do not state: how a type is named in decoding errors, and which
/// members Go's encoder always writes or leaves out when they are zero.
/// </summary>
internal static class GoTypes
{
    // Optional numbers and booleans that are plain values (not pointers), by member name: their zero value is left out.
    private static readonly FrozenSet<string> PlainScalars = new[]
    {
        "paused", "authenticated", "denied", "readOnly", "stdin", "stdinOnce", "tty", "chapAuthDiscovery", "chapAuthSession", "unschedulable",
        "hostIPC", "hostNetwork", "hostPID", "sslEnabled", "publishNotReadyAddresses", "clusterScope", "globalDefault", "preserveUnknownFields",
        "deprecated", "exclusiveMaximum", "exclusiveMinimum", "nullable", "uniqueItems", "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string", "insecureSkipTLSVerify", "minReadySeconds", "numberAvailable", "numberUnavailable", "observedGeneration",
        "updatedNumberScheduled", "availableReplicas", "readyReplicas", "unavailableReplicas", "updatedReplicas", "fullyLabeledReplicas",
        "currentReplicas", "active", "failed", "succeeded", "sizeBytes", "hostPort", "signal", "count", "deprecatedCount", "initialDelaySeconds",
        "periodSeconds", "successThreshold", "failureThreshold", "nodePort", "healthCheckNodePort", "number", "generation", "code",
        "retryAfterSeconds",
        "Probe.timeoutSeconds", "DeploymentStatus.replicas", "ScaleSpec.replicas", "CustomResourceColumnDefinition.priority",
        "AWSElasticBlockStoreVolumeSource.partition", "GCEPersistentDiskVolumeSource.partition",
    }.ToFrozenSet(StringComparer.Ordinal);

    // Pointers all the same.
    private static readonly FrozenSet<string> PointerScalars = new[]
    {
        "HorizontalPodAutoscalerStatus.observedGeneration", "AzureDiskVolumeSource.readOnly", "CSIVolumeSource.readOnly",
    }.ToFrozenSet(StringComparer.Ordinal);

    // Optional strings that are pointers: an empty one stays.
    private static readonly FrozenSet<string> PointerStrings = new[]
    {
        "PersistentVolumeClaimSpec.storageClassName", "PersistentVolumeClaimSpec.volumeMode", "PersistentVolumeClaimSpec.volumeAttributesClassName",
        "PersistentVolumeSpec.volumeMode", "PersistentVolumeSpec.volumeAttributesClassName", "PersistentVolumeClaimStatus.currentVolumeAttributesClassName",
        "LeaseSpec.holderIdentity", "LeaseSpec.preferredHolder", "LeaseSpec.strategy", "HostPathVolumeSource.type",
        "TypedLocalObjectReference.apiGroup", "TypedObjectReference.apiGroup", "TypedObjectReference.namespace", "GRPCAction.service",
        "discovery.v1.EndpointPort.name", "discovery.v1.EndpointPort.protocol", "EndpointPort.appProtocol", "ServicePort.appProtocol",
        "Endpoint.hostname", "Endpoint.nodeName", "Endpoint.zone", "EndpointAddress.nodeName", "ServiceSpec.loadBalancerClass",
        "ServiceSpec.internalTrafficPolicy", "ServiceSpec.ipFamilyPolicy", "ServiceSpec.trafficDistribution", "IngressSpec.ingressClassName",
        "IngressClassParametersReference.apiGroup", "IngressClassParametersReference.scope", "IngressClassParametersReference.namespace",
        "PodSpec.runtimeClassName", "PodSpec.preemptionPolicy", "PodSpec.hostnameOverride", "SecurityContext.procMount",
        "SeccompProfile.localhostProfile", "AppArmorProfile.localhostProfile", "PodDNSConfigOption.value", "CronJobSpec.timeZone",
        "JobSpec.completionMode", "JobSpec.podReplacementPolicy", "JobSpec.managedBy", "JobStatus.failedIndexes",
        "StorageClass.reclaimPolicy", "StorageClass.volumeBindingMode", "CSIDriverSpec.fsGroupPolicy", "PriorityClass.preemptionPolicy",
        "VolumeAttachmentSource.persistentVolumeName", "NetworkPolicyPort.protocol", "WebhookClientConfig.url", "ServiceReference.path",
        "LocalVolumeSource.fsType", "ISCSIVolumeSource.initiatorName", "ISCSIPersistentVolumeSource.initiatorName",
        "JSONSchemaProps.x-kubernetes-list-type", "JSONSchemaProps.x-kubernetes-map-type", "CustomResourceDefinitionVersion.deprecationWarning",
        "PodResourceClaim.resourceClaimName", "PodResourceClaim.resourceClaimTemplateName", "ClusterTrustBundleProjection.name",
        "WindowsSecurityContextOptions.gmsaCredentialSpecName", "WindowsSecurityContextOptions.gmsaCredentialSpec",
        "WindowsSecurityContextOptions.runAsUserName", "Preconditions.uid", "Preconditions.resourceVersion", "DeviceAttribute.string",
    }.ToFrozenSet(StringComparer.Ordinal);

    // Optional in the schema, but without omitempty: always written.
    private static readonly FrozenSet<string> AlwaysWritten = new[]
    {
        "core.v1.Event.reportingComponent", "core.v1.Event.reportingInstance", "StatefulSetStatus.availableReplicas", "StatefulSetSpec.serviceName",
        "FlowSchemaSpec.matchingPrecedence", "QueuingConfiguration.handSize", "QueuingConfiguration.queueLengthLimit", "QueuingConfiguration.queues",
        "StatefulSetOrdinals.start", "PodFailurePolicyOnPodConditionsPattern.status", "autoscaling.v2.HorizontalPodAutoscalerStatus.currentMetrics",
        "TokenRequestSpec.boundObjectRef", "ClusterRole.rules", "Role.rules", "EndpointSlice.ports",
    }.ToFrozenSet(StringComparer.Ordinal);

    // Times that are plain values: written as null when nothing is set (omitempty does not know zero structs).
    private static readonly FrozenSet<string> PlainTimes = new[]
    {
        "lastTransitionTime", "lastUpdateTime", "lastProbeTime", "lastHeartbeatTime", "firstTimestamp", "lastTimestamp", "core.v1.Event.eventTime",
        "startedAt", "finishedAt", "deprecatedFirstTimestamp", "deprecatedLastTimestamp", "lastObservedTime", "VolumeError.time",
    }.ToFrozenSet(StringComparer.Ordinal);

    // Conditions of metadata-only types whose times are pointers.
    private static readonly FrozenSet<string> PointerTimes = new[] { "PersistentVolumeStatus.lastPhaseTransitionTime" }.ToFrozenSet(StringComparer.Ordinal);

    // Names that are types of their own in Go although JSON sees a string; decoding errors name them.
    private static readonly FrozenDictionary<string, string> NamedStrings = new Dictionary<string, string>
    {
        ["imagePullPolicy"] = "v1.PullPolicy", ["restartPolicy"] = "v1.RestartPolicy", ["dnsPolicy"] = "v1.DNSPolicy", ["protocol"] = "v1.Protocol",
        ["terminationMessagePolicy"] = "v1.TerminationMessagePolicy", ["concurrencyPolicy"] = "v1.ConcurrencyPolicy", ["uid"] = "types.UID",
        ["accessModes"] = "v1.PersistentVolumeAccessMode", ["Service.type"] = "v1.ServiceType", ["ServiceSpec.type"] = "v1.ServiceType",
        ["Secret.type"] = "v1.SecretType", ["sessionAffinity"] = "v1.ServiceAffinity", ["DeploymentStrategy.type"] = "v1.DeploymentStrategyType",
        ["podManagementPolicy"] = "v1.PodManagementPolicyType", ["medium"] = "v1.StorageMedium", ["Toleration.operator"] = "v1.TolerationOperator",
        ["effect"] = "v1.TaintEffect", ["LabelSelectorRequirement.operator"] = "v1.LabelSelectorOperator", ["scheme"] = "v1.URIScheme",
        ["persistentVolumeReclaimPolicy"] = "v1.PersistentVolumeReclaimPolicy", ["policyTypes"] = "v1.PolicyType", ["ipFamilies"] = "v1.IPFamily",
        ["fieldsType"] = "string",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The last segment of a published name: <c>Pod</c> of <c>io.k8s.api.core.v1.Pod</c>.</summary>
    internal static string Short(Schema schema) => schema.TypeName is { } n ? n[(n.LastIndexOf('.') + 1)..] : "";

    /// <summary>Whether a member is in a set, by its bare name, <c>Type.member</c> or <c>group.version.Type.member</c>.</summary>
    private static bool Has(FrozenSet<string> set, Schema owner, string member)
    {
        if (set.Contains(member)) return true;
        if (owner.TypeName is not { } name) return false;
        var last = name.LastIndexOf('.');
        if (set.Contains($"{name[(last + 1)..]}.{member}")) return true;
        const string api = "io.k8s.api.";
        return name.StartsWith(api, StringComparison.Ordinal) && set.Contains($"{name[api.Length..]}.{member}");
    }

    /// <summary>Go writes the member whatever its value: required ones, plain structs (default <c>{}</c>), and the exceptions.</summary>
    internal static bool IsAlwaysWritten(Schema owner, string member, Schema schema) =>
        owner.Required.Contains(member) || IsPlainStruct(schema) || Has(AlwaysWritten, owner, member)
        || (schema.Format == "date-time" && Has(PlainTimes, owner, member) && !Has(PointerTimes, owner, member));

    /// <summary>Amounts of resources, which Go keeps as a type of their own.</summary>
    internal static bool IsQuantity(Schema schema) => schema.Format == "quantity" || Short(schema) == "Quantity";

    /// <summary>A struct held by value: the schema's default is the empty object.</summary>
    internal static bool IsPlainStruct(Schema schema) => schema.Node?.Default == "{}" || schema.Default is System.Text.Json.Nodes.JsonObject { Count: 0 };

    /// <summary>An optional number or boolean whose zero Go leaves out.</summary>
    internal static bool DropsZero(Schema owner, string member) => Has(PlainScalars, owner, member) && !Has(PointerScalars, owner, member);

    /// <summary>An optional string that Go leaves out when it is empty.</summary>
    internal static bool DropsEmptyString(Schema owner, string member) => !Has(PointerStrings, owner, member);

    /// <summary>Name of the Go type of a member, as <c>encoding/json</c> prints it.</summary>
    internal static string Name(Schema schema, Schema? owner = null, string? member = null) => schema.Type switch
    {
        _ when schema.TypeName is { } name && schema.Properties.Count > 0 => Qualified(name),
        SchemaType.Array => schema.Items is null ? "[]interface {}" : "[]" + Name(schema.Items, owner, member),
        SchemaType.Object when schema.AdditionalProperties is { } value => $"map[string]{Name(value)}",
        SchemaType.Object => schema.TypeName is { } name ? Qualified(name) : "map[string]interface {}",
        SchemaType.Integer => schema.Format ?? "int64",
        SchemaType.Number => "float64",
        SchemaType.Boolean => "bool",
        SchemaType.String when schema.Format == "byte" => "[]uint8",
        SchemaType.String when member is not null && owner is not null =>
            NamedStrings.GetValueOrDefault($"{Short(owner)}.{member}") ?? NamedStrings.GetValueOrDefault(member) ?? "string",
        SchemaType.String => "string",
        _ => schema.TypeName is { } name ? Qualified(name) : "interface {}",
    };

    // io.k8s.api.core.v1.Container -> v1.Container; io.k8s.apimachinery.pkg.api.resource.Quantity -> resource.Quantity
    private static string Qualified(string name)
    {
        var last = name.LastIndexOf('.');
        var before = last > 0 ? name.LastIndexOf('.', last - 1) : -1;
        return name[(before + 1)..];
    }
}
