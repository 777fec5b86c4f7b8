namespace KubeFlex.CatalogGenerator;

/// <summary>
/// Optional scalars that are pointers in Go, so that zero is a value and absence another. Neither the messages nor the published schemas tell;
/// to be looked through for each new Kubernetes version.
/// </summary>
internal static class ProtobufFacts
{
    public static readonly HashSet<string> Pointers = [.. Lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).SelectMany(Line)];

    private static IEnumerable<string> Line(string line)
    {
        var words = line.Split(' ');
        return words.Skip(1).Select(field => $"{words[0]}.{field}");
    }

    private const string Lines = """
        AllocatedDeviceStatus shareID
        AppArmorProfile localhostProfile
        AzureDiskVolumeSource cachingMode fsType kind readOnly
        AzureFilePersistentVolumeSource secretNamespace
        BasicDevice allNodes allowMultipleAllocations bindsToNode nodeName
        CertificateSigningRequestSpec expirationSeconds
        ClientIPConfig timeoutSeconds
        ClusterTrustBundleProjection name optional signerName
        ConfigMap immutable
        ConfigMapEnvSource optional
        ConfigMapKeySelector optional
        ConfigMapProjection optional
        ConfigMapVolumeSource defaultMode optional
        Container restartPolicy
        ContainerStatus started stopSignal
        CronJobSpec failedJobsHistoryLimit startingDeadlineSeconds successfulJobsHistoryLimit suspend timeZone
        CSIDriverSpec attachRequired fsGroupPolicy nodeAllocatableUpdatePeriodSeconds podInfoOnMount requiresRepublish seLinuxMount serviceAccountTokenInSecrets storageCapacity
        CSIVolumeSource fsType readOnly
        CustomResourceDefinitionVersion deprecationWarning
        CustomResourceSubresourceScale labelSelectorPath
        DaemonSetSpec revisionHistoryLimit
        DaemonSetStatus collisionCount
        DeleteOptions gracePeriodSeconds ignoreStoreReadErrorWithClusterBreakingPotential orphanDependents propagationPolicy
        DeploymentSpec progressDeadlineSeconds replicas revisionHistoryLimit
        DeploymentStatus collisionCount terminatingReplicas
        Device allNodes allowMultipleAllocations bindsToNode nodeName
        DeviceAttribute bool int string version
        DeviceClassSpec extendedResourceName
        DeviceConstraint distinctAttribute matchAttribute
        DeviceRequest adminAccess
        DeviceRequestAllocationResult adminAccess shareID
        DeviceTaintSelector device driver pool
        DeviceToleration tolerationSeconds
        DownwardAPIVolumeFile mode
        DownwardAPIVolumeSource defaultMode
        Endpoint hostname nodeName zone
        EndpointAddress nodeName
        EndpointConditions ready serving terminating
        EndpointPort appProtocol name port protocol
        EphemeralContainerCommon restartPolicy
        ExactDeviceRequest adminAccess
        ExemptPriorityLevelConfiguration lendablePercent nominalConcurrencyShares
        FCVolumeSource lun
        GlusterfsPersistentVolumeSource endpointsNamespace
        HorizontalPodAutoscalerSpec minReplicas targetCPUUtilizationPercentage
        HorizontalPodAutoscalerStatus currentCPUUtilizationPercentage observedGeneration
        HostPathVolumeSource type
        HPAScalingRules selectPolicy stabilizationWindowSeconds
        IngressClassParametersReference aPIGroup namespace scope
        IngressPortStatus error
        IngressSpec ingressClassName
        ISCSIPersistentVolumeSource initiatorName
        ISCSIVolumeSource initiatorName
        JobSpec activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy manualSelector maxFailedIndexes parallelism podReplacementPolicy suspend ttlSecondsAfterFinished
        JobStatus failedIndexes ready terminating
        JSONSchemaProps maxItems maxLength maxProperties maximum minItems minLength minProperties minimum multipleOf ref xKubernetesListType xKubernetesMapType xKubernetesPreserveUnknownFields
        KeyToPath mode
        LeaseSpec holderIdentity leaseDurationSeconds leaseTransitions preferredHolder strategy
        Lifecycle stopSignal
        LimitedPriorityLevelConfiguration borrowingLimitPercent lendablePercent nominalConcurrencyShares
        ListMeta remainingItemCount
        LoadBalancerIngress ipMode
        LocalVolumeSource fsType
        MatchResources matchPolicy
        MetricTarget averageUtilization
        MetricValueStatus averageUtilization
        MutatingAdmissionPolicySpec failurePolicy
        MutatingWebhook failurePolicy matchPolicy reinvocationPolicy timeoutSeconds
        NetworkPolicyPort endPort protocol
        NodeFeatures supplementalGroupsPolicy
        NodeRuntimeHandlerFeatures recursiveReadOnlyMounts userNamespaces
        NodeSwapStatus capacity
        ObjectMeta deletionGracePeriodSeconds
        OwnerReference blockOwnerDeletion controller
        ParamRef parameterNotFoundAction
        PersistentVolumeClaimSpec storageClassName volumeAttributesClassName volumeMode
        PersistentVolumeClaimStatus currentVolumeAttributesClassName
        PersistentVolumeSpec volumeAttributesClassName volumeMode
        PodCertificateProjection maxExpirationSeconds
        PodDisruptionBudgetSpec unhealthyPodEvictionPolicy
        PodDNSConfigOption value
        PodFailurePolicyOnExitCodesRequirement containerName
        PodResourceClaim resourceClaimName resourceClaimTemplateName
        PodResourceClaimStatus resourceClaimName
        PodSecurityContext fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser seLinuxChangePolicy supplementalGroupsPolicy
        PodSpec activeDeadlineSeconds automountServiceAccountToken enableServiceLinks hostnameOverride hostUsers preemptionPolicy priority runtimeClassName setHostnameAsFQDN shareProcessNamespace terminationGracePeriodSeconds
        PortStatus error
        Preconditions resourceVersion uid
        PriorityClass preemptionPolicy
        Probe terminationGracePeriodSeconds
        ProjectedVolumeSource defaultMode
        ReplicaSetSpec replicas
        ReplicaSetStatus terminatingReplicas
        ReplicationControllerSpec replicas
        ResourceSliceSpec allNodes nodeName perDeviceNodeSelection
        RollingUpdateStatefulSetStrategy partition
        SeccompProfile localhostProfile
        Secret immutable
        SecretEnvSource optional
        SecretKeySelector optional
        SecretProjection optional
        SecretVolumeSource defaultMode optional
        SecurityContext allowPrivilegeEscalation privileged procMount readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser
        ServiceAccount automountServiceAccountToken
        ServiceAccountTokenProjection expirationSeconds
        ServicePort appProtocol
        ServiceReference path port
        ServiceSpec allocateLoadBalancerNodePorts internalTrafficPolicy ipFamilyPolicy loadBalancerClass trafficDistribution
        StatefulSetSpec replicas revisionHistoryLimit
        StatefulSetStatus collisionCount
        StorageClass allowVolumeExpansion reclaimPolicy volumeBindingMode
        StorageVersionStatus commonEncodingVersion
        SuccessPolicyRule succeededCount succeededIndexes
        TokenRequest expirationSeconds
        TokenRequestSpec expirationSeconds
        Toleration tolerationSeconds
        TopologySpreadConstraint minDomains nodeAffinityPolicy nodeTaintsPolicy
        TypedLocalObjectReference apiGroup
        TypedObjectReference apiGroup namespace
        ValidatingAdmissionPolicySpec failurePolicy
        ValidatingWebhook failurePolicy matchPolicy timeoutSeconds
        Validation reason
        ValidationRule optionalOldSelf reason
        VolumeAttachmentSource persistentVolumeName
        VolumeError errorCode
        VolumeMount mountPropagation recursiveReadOnly
        VolumeMountStatus recursiveReadOnly
        VolumeNodeResources count
        WebhookClientConfig url
        WindowsSecurityContextOptions gmsaCredentialSpec gmsaCredentialSpecName hostProcess runAsUserName
        """;
}
