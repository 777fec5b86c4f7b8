using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace KubeFlex.EndToEnd.Harness;

/// <summary>An HTTP client that trusts the server, with the certificate of a kubeconfig or none.</summary>
internal static class RawClient
{
    /// <param name="server">Where to.</param>
    /// <param name="kubeconfig">Whose certificate; null is nobody.</param>
    /// <param name="tlsName">TLS server name, independent of the Host header.</param>
    public static HttpClient Create(TestServer server, string? kubeconfig, string? tlsName = null)
    {
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = tlsName,
            CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                CustomTrustStore = { X509CertificateLoader.LoadCertificateFromFile(Path.Combine(server.Data, "ca.crt")) },
                RevocationMode = X509RevocationMode.NoCheck,
            },
        };
        if (kubeconfig is not null)
        {
            // The last entry is the one that kflex added.
            var lines = File.ReadAllLines(kubeconfig);
            string Field(string name) => Encoding.UTF8.GetString(Convert.FromBase64String(lines.Last(l => l.Contains(name, StringComparison.Ordinal)).Split(':')[1].Trim()));
            using var pem = X509Certificate2.CreateFromPem(Field("client-certificate-data"), Field("client-key-data"));
            tls.ClientCertificates = [X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null)];
        }
        if (tlsName is null) return new HttpClient(new SocketsHttpHandler { SslOptions = tls }) { BaseAddress = new Uri(server.Url + "/") };

        // The handler would take the TLS name from the Host header, so TLS is made below it.
        return new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var tcp = new TcpClient();
                await tcp.ConnectAsync(new Uri(server.Url).Host, new Uri(server.Url).Port, cancellation);
                var stream = new SslStream(tcp.GetStream());
                await stream.AuthenticateAsClientAsync(tls, cancellation);
                return stream;
            },
        }) { BaseAddress = new Uri(server.Url.Replace("https:", "http:", StringComparison.Ordinal) + "/") };
    }
}
