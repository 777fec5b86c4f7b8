namespace KubeFlex.Operator.Runtimes.Stock;

/// <summary>
/// Command lines of the stock binaries, the same as pods and as child processes. Where a program listens, how it reaches its storage and where it keeps
/// files of its own is added by who starts it.
/// </summary>
internal static class StockArguments
{
    /// <summary>The controllers that need no nodes, under the names that Kubernetes gives them since 1.28.</summary>
    public static readonly IReadOnlyList<string> Controllers =
    [
        "certificatesigningrequest-approving-controller", "certificatesigningrequest-cleaner-controller", "certificatesigningrequest-signing-controller",
        "namespace-controller", "root-ca-certificate-publisher-controller", "serviceaccount-controller", "serviceaccount-token-controller",
        "bootstrap-signer-controller", "token-cleaner-controller", "garbage-collector-controller", "persistentvolume-protection-controller",
        "persistentvolumeclaim-protection-controller", "clusterrole-aggregation-controller", "resourcequota-controller",
    ];

    /// <summary>kube-apiserver.</summary>
    /// <param name="pki">Directory with the keys of the secret <c>k8s-certs</c> as files.</param>
    /// <param name="port">Port of the API.</param>
    public static IReadOnlyList<string> ApiServer(string pki, int port) =>
    [
        "--allow-privileged=true",
        "--authorization-mode=Node,RBAC",
        $"--client-ca-file={pki}/ca.crt",
        "--enable-admission-plugins=NodeRestriction",
        "--enable-bootstrap-token-auth=true",
        $"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
        $"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
        "--profiling=false",
        $"--proxy-client-cert-file={pki}/front-proxy-client.crt",
        $"--proxy-client-key-file={pki}/front-proxy-client.key",
        "--requestheader-allowed-names=front-proxy-client",
        $"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"--secure-port={port}"),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        $"--service-account-key-file={pki}/sa.pub",
        $"--service-account-signing-key-file={pki}/sa.key",
        "--service-cluster-ip-range=10.96.0.0/12",
        $"--tls-cert-file={pki}/apiserver.crt",
        $"--tls-private-key-file={pki}/apiserver.key",
    ];

    /// <summary>kube-controller-manager.</summary>
    /// <param name="pki">Directory with the keys of the secret <c>k8s-certs</c> as files.</param>
    /// <param name="kubeconfig">Directory with the keys of the secret <c>cm-kubeconfig</c> as files.</param>
    public static IReadOnlyList<string> ControllerManager(string pki, string kubeconfig) =>
    [
        $"--authentication-kubeconfig={kubeconfig}/kubeconfig",
        $"--authorization-kubeconfig={kubeconfig}/kubeconfig",
        $"--kubeconfig={kubeconfig}/kubeconfig",
        $"--client-ca-file={pki}/ca.crt",
        $"--cluster-signing-cert-file={kubeconfig}/ca.crt",
        $"--cluster-signing-key-file={pki}/ca.key",
        $"--controllers={string.Join(',', Controllers)}",
        "--leader-elect=true",
        "--profiling=false",
        $"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        $"--root-ca-file={pki}/ca.crt",
        $"--service-account-private-key-file={pki}/sa.key",
        "--use-service-account-credentials=true",
    ];
}
