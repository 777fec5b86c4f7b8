namespace KubeFlex.Operator.Runtimes;

/// <summary>Arguments of the stock programs, whatever runs them.</summary>
internal static class StockArguments
{
    /// <summary>The controllers that need no nodes, under the names that Kubernetes gives them since 1.28.</summary>
    private static readonly string[] Controllers =
    [
        "certificatesigningrequest-approving-controller", "certificatesigningrequest-cleaner-controller", "certificatesigningrequest-signing-controller",
        "namespace-controller", "root-ca-certificate-publisher-controller", "serviceaccount-controller", "serviceaccount-token-controller",
        "bootstrap-signer-controller", "token-cleaner-controller", "garbage-collector-controller", "persistentvolume-protection-controller",
        "persistentvolumeclaim-protection-controller", "clusterrole-aggregation-controller", "resourcequota-controller",
    ];

    /// <summary>kube-apiserver, without its store.</summary>
    /// <param name="pki">Directory with the files of secret <c>k8s-certs</c>.</param>
    /// <param name="port">Port to serve on.</param>
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
    /// <param name="pki">Directory with the files of secret <c>k8s-certs</c>.</param>
    /// <param name="own">Directory with the files of secret <c>cm-kubeconfig</c>.</param>
    /// <param name="leaderElect">Whether several may run.</param>
    public static IReadOnlyList<string> ControllerManager(string pki, string own, bool leaderElect) =>
    [
        $"--authentication-kubeconfig={own}/kubeconfig",
        $"--authorization-kubeconfig={own}/kubeconfig",
        $"--kubeconfig={own}/kubeconfig",
        $"--client-ca-file={pki}/ca.crt",
        $"--cluster-signing-cert-file={own}/ca.crt",
        $"--cluster-signing-key-file={pki}/ca.key",
        $"--controllers={string.Join(',', Controllers)}",
        $"--leader-elect={(leaderElect ? "true" : "false")}",
        "--profiling=false",
        $"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        $"--root-ca-file={pki}/ca.crt",
        $"--service-account-private-key-file={pki}/sa.key",
        "--use-service-account-credentials=true",
    ];
}
