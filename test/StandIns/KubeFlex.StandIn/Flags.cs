namespace KubeFlex.StandIn;

/// <summary>Flags as stock programs know them: an unknown one ends the program.</summary>
internal sealed class Flags
{
    // Of the flags of Kubernetes 1.35 those that a control plane may be given; a misspelt one is in no list.
    private static readonly Dictionary<string, string[]> Known = new()
    {
        ["kube-apiserver"] =
        [
            "advertise-address", "allow-privileged", "authorization-mode", "bind-address", "client-ca-file", "enable-admission-plugins", "enable-bootstrap-token-auth",
            "endpoint-reconciler-type", "etcd-cafile", "etcd-certfile", "etcd-keyfile", "etcd-prefix", "etcd-servers", "kubelet-client-certificate", "kubelet-client-key",
            "kubelet-preferred-address-types", "profiling", "proxy-client-cert-file", "proxy-client-key-file", "requestheader-allowed-names", "requestheader-client-ca-file",
            "requestheader-extra-headers-prefix", "requestheader-group-headers", "requestheader-username-headers", "secure-port", "service-account-issuer",
            "service-account-key-file", "service-account-signing-key-file", "service-cluster-ip-range", "tls-cert-file", "tls-private-key-file",
        ],
        ["kube-controller-manager"] =
        [
            "authentication-kubeconfig", "authorization-kubeconfig", "bind-address", "client-ca-file", "cluster-signing-cert-file", "cluster-signing-key-file", "controllers",
            "kubeconfig", "leader-elect", "profiling", "requestheader-client-ca-file", "root-ca-file", "secure-port", "service-account-private-key-file", "use-service-account-credentials",
        ],
    };

    private readonly Dictionary<string, string> values = [];

    public string this[string name] => values.TryGetValue(name, out var value) ? value : throw new InvalidDataException($"flag --{name} is needed");

    public static Flags? Parse(string program, IEnumerable<string> args)
    {
        var flags = new Flags();
        foreach (var arg in args)
        {
            if (!arg.StartsWith("--", StringComparison.Ordinal) || arg.Split('=', 2) is not [var name, var value])
            {
                Console.Error.WriteLine($"Error: unknown command \"{arg}\" for \"{program}\"");
                return null;
            }
            if (!Known[program].Contains(name[2..]))
            {
                Console.Error.WriteLine($"Error: unknown flag: {name}");
                return null;
            }
            // Files must be there, as stock programs check at their start.
            if (Path.IsPathRooted(value) && !File.Exists(value))
            {
                Console.Error.WriteLine($"Error: {name}: open {value}: no such file or directory");
                return null;
            }
            flags.values[name[2..]] = value;
        }
        return flags;
    }
}
