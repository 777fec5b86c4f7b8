namespace KubeFlex.Operator.Hosting;

/// <summary>Names that people's manifests, scripts and habits rest on, and our own labels and annotations.</summary>
internal static class Names
{
    public const string ApiVersion = "tenancy.kflex.kubestellar.org/v1alpha1";
    public const string Finalizer = "kflex.kubestellar.org/finalizer";
    public const string EventSource = "kubeflex-controlplane-controller";

    public const string CertificatesSecret = "k8s-certs";
    public const string AdminSecret = "admin-kubeconfig";
    public const string ControllerManagerSecret = "cm-kubeconfig";
    public const string KubeconfigKey = "kubeconfig";
    public const string InClusterKey = "kubeconfig-incluster";

    /// <summary>In the controller manager's secret: the certificate of the authority that signs.</summary>
    public const string SigningKey = "ca.crt";

    /// <summary>On every secret of ours: lets the operator watch these instead of all secrets of the hosting cluster.</summary>
    public const string ManagedByLabel = "app.kubernetes.io/managed-by";
    public const string ManagedBy = "kubeflex";

    /// <summary>On cluster-scoped objects of hooks, which no namespace takes along when it goes.</summary>
    public const string HookManagedBy = "Helm";
    public const string HookNamespaceAnnotation = "meta.helm.sh/release-namespace";

    /// <summary>Hash of what a secret was made from and of what is in it: tells whether it must be made anew.</summary>
    public const string DigestAnnotation = "kflex.kubestellar.org/digest";

    /// <summary>When the certificates in a secret are renewed.</summary>
    public const string RenewAtAnnotation = "kflex.kubestellar.org/renew-at";

    /// <summary>Type, runtime and backend that a control plane was made with, on its namespace: they cannot change.</summary>
    public const string MadeAsAnnotation = "kflex.kubestellar.org/made-as";

    /// <summary>On pod templates: hash of secrets that are read at start only, so that a change of theirs rolls out.</summary>
    public const string InputsAnnotation = "kflex.kubestellar.org/inputs";

    /// <summary>On objects outside a control plane's namespace that bear no owner reference: its name.</summary>
    public const string ControlPlaneLabel = "kflex.kubestellar.org/control-plane";

    /// <summary>On objects that hooks made on the hosting cluster: the control plane, so that what is waited for can be watched.</summary>
    public const string HookOfLabel = "kflex.kubestellar.org/hook-of";

    /// <summary>KubeFlex's own namespace, its settings there.</summary>
    public const string SystemNamespace = "kubeflex-system";
    public const string SystemConfig = "kubeflex-config";

    /// <summary>On a secret of ours: when the first of the certificates or tokens in it ends.</summary>
    public const string NotAfterAnnotation = "kflex.kubestellar.org/not-after";

    /// <summary>On <c>k8s-certs</c>: when the certificate authority ends.</summary>
    public const string CaNotAfterAnnotation = "kflex.kubestellar.org/ca-not-after";

    /// <summary>On a control plane: any new value (a point in time, say) asks for new leaves and kubeconfigs.</summary>
    public const string RotateCertificatesAnnotation = "kflex.kubestellar.org/rotate-certs";

    /// <summary>On a control plane: any new value asks for a new certificate authority. On <c>k8s-certs</c>: the value last taken up.</summary>
    public const string RotateCaAnnotation = "kflex.kubestellar.org/rotate-ca";

    /// <summary>On a control plane: how long each step of a rotation lasts, as "24h" or "30m".</summary>
    public const string RotateCaOverlapAnnotation = "kflex.kubestellar.org/rotate-ca-overlap";

    /// <summary>On <c>k8s-certs</c>: the step of the rotation, and since when.</summary>
    public const string RotateCaStepAnnotation = "kflex.kubestellar.org/rotate-ca-step";
    public const string RotateCaSinceAnnotation = "kflex.kubestellar.org/rotate-ca-since";

    /// <summary>On what an adopted cluster got from us, followed by the control plane's uid: several may share it.</summary>
    public const string AdoptedByAnnotation = "adopted-by.kflex.kubestellar.org/";

    /// <summary>On a Job of a hook that is re-applied on change: what it was made from.</summary>
    public const string RevisionAnnotation = "kflex.kubestellar.org/revision";

    /// <summary>How often a hook's Job was tried.</summary>
    public const string AttemptAnnotation = "kflex.kubestellar.org/attempt";

    /// <summary>The namespace of the hosting cluster that holds what belongs to a control plane.</summary>
    public static string Namespace(string controlPlane) => controlPlane + "-system";
}
