using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace KubeFlex.Runtime.Tests.Kubeconfigs;

internal sealed record Seen(string ServerName, string? ClientSubject, string Head);

/// <summary>Answers every request with <c>{}</c> (401 for a token named "bad") and remembers what it saw.</summary>
internal sealed class TlsServer : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 certificate;
    private readonly Task loop;

    public TlsServer(X509Certificate2 certificate)
    {
        this.certificate = certificate;
        listener.Start();
        loop = Task.Run(AcceptAsync);
    }

    public string Url => $"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";

    public List<Seen> Requests { get; } = [];

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await loop;
    }

    public static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddHours(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }

    public static X509Certificate2 Leaf(X509Certificate2 authority, string subject, string? dnsName, bool withLoopback)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (dnsName is not null) names.AddDnsName(dnsName);
        if (withLoopback) names.AddIpAddress(IPAddress.Loopback);
        if (dnsName is not null || withLoopback) request.CertificateExtensions.Add(names.Build());
        using var unbound = request.Create(authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(8));
        using var bound = unbound.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(bound.Export(X509ContentType.Pkcs12), null, X509KeyStorageFlags.Exportable);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync();
                await ServeAsync(client);
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                return;
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                // The client did not like our certificate: some tests want that.
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        var name = "";
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsServerAsync((_, hello, _, _) =>
        {
            name = hello.ServerName;
            return ValueTask.FromResult(new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = (_, theirs, _, _) => theirs is null or X509Certificate2,
            });
        }, null, CancellationToken.None);
        using var reader = new StreamReader(tls, Encoding.ASCII, leaveOpen: true);
        while (true)
        {
            var head = new StringBuilder();
            while (await reader.ReadLineAsync() is { Length: > 0 } line) head.AppendLine(line);
            if (head.Length == 0) return;
            lock (Requests) Requests.Add(new Seen(name, tls.RemoteCertificate?.Subject, head.ToString()));
            var status = head.ToString().Contains("Bearer bad", StringComparison.Ordinal) ? "401 Unauthorized" : "200 OK";
            await tls.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"));
        }
    }
}
