using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using System.Runtime.InteropServices;

namespace KubeFlex.StandIn;

/// <summary>Asks its kube-apiserver for the version with its kubeconfig, as the stock one does first, and then is there.</summary>
internal static class ControllerManager
{
    public static async Task<int> RunAsync(Flags flags)
    {
        foreach (var needed in new[] { "cluster-signing-cert-file", "cluster-signing-key-file", "controllers", "root-ca-file", "service-account-private-key-file" }) _ = flags[needed];
        using (X509Certificate2.CreateFromPemFile(flags["cluster-signing-cert-file"], flags["cluster-signing-key-file"]))
        {
        }
        var config = await File.ReadAllTextAsync(flags["kubeconfig"]);
        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPem(Pem(config, "certificate-authority-data"));
        var handler = new SocketsHttpHandler();
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPem(Pem(config, "client-certificate-data"), Pem(config, "client-key-data"))];
        using var http = new HttpClient(handler);
        _ = await http.GetStringAsync(new Uri(Value(config, "server") + "/version"));
        Klog.Write('I', $"Started {flags["controllers"].Split(',').Length} controllers against {Value(config, "server")}");

        var end = new TaskCompletionSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
        {
            signal.Cancel = true;
            end.TrySetResult();
        });
        await end.Task;
        return 0;
    }

    private static string Pem(string config, string key) => Encoding.ASCII.GetString(Convert.FromBase64String(Value(config, key)));

    private static string Value(string config, string key) => Regex.Match(config, $"^ *{key}: *\"?([^\"\\n]+)", RegexOptions.Multiline) is { Success: true } match
        ? match.Groups[1].Value.Trim() : throw new InvalidDataException($"the kubeconfig has no {key}");
}
