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

    /// <summary>KubeFlex's own namespace, its settings there.</summary>
    public const string SystemNamespace = "kubeflex-system";
    public const string SystemConfig = "kubeflex-config";

    /// <summary>How often a hook's Job was tried.</summary>
    public const string AttemptAnnotation = "kflex.kubestellar.org/attempt";

    /// <summary>The namespace of the hosting cluster that holds what belongs to a control plane.</summary>
    public static string Namespace(string controlPlane) => controlPlane + "-system";
}
