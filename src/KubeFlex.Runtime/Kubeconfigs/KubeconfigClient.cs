using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeFlex.Runtime.Client;

namespace KubeFlex.Runtime.Kubeconfigs;

/// <summary>A client with what messages need to say about it.</summary>
/// <param name="Client">The client; disposed with the connection.</param>
/// <param name="Context">The context it was made from.</param>
/// <param name="Server">The server's URL, with a trailing slash.</param>
public sealed record KubeConnection(KubeClient Client, string Context, Uri Server) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Client.Dispose();
}

/// <summary>Makes clients from kubeconfig contexts: custom authorities, client certificates, tokens, TLS server names, credential plugins.</summary>
public static class KubeconfigClient
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    // A stock API server ends any request but a watch after 60 s; the headers of a watch come at once.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(65);

    /// <summary>
    /// A client for the context. Nothing is sent yet, but a credential plugin may run. Fails with <see cref="KubeconfigException"/> when the
    /// context or what it points to cannot be used. <paramref name="trace"/> is told about every request.
    /// </summary>
    public static async Task<KubeConnection> ConnectAsync(Kubeconfig config, string context, TimeProvider time, CancellationToken cancellation, Action<string>? trace = null)
    {
        var settings = ConnectionSettings.Read(config, context);
        if (settings.Exec is { } exec && settings.Token is null && settings.CertificatePem is null)
        {
            var credential = await ExecCredential.RunAsync(exec, settings.ExecDirectory!, cancellation);
            return Connect(settings with { CertificatePem = credential.CertificatePem, KeyPem = credential.KeyPem }, PluginToken(exec, settings.ExecDirectory!, credential, time), trace);
        }
        return Connect(settings, settings.TokenFile is { } file ? FileToken(file) : settings.Token is { Length: > 0 } t ? (_, _) => Task.FromResult<string?>(t) : null, trace);
    }

    /// <summary>
    /// A client for the current context of a kubeconfig given as text, whose author need not be trusted: what points outside the text (files, credential
    /// plugins, proxies) is refused. Fails with <see cref="KubeconfigException"/>.
    /// </summary>
    public static KubeConnection ConnectInline(string kubeconfig)
    {
        var settings = InlineKubeconfig.Read(kubeconfig);
        return Connect(settings, settings.Token is { Length: > 0 } token ? (_, _) => Task.FromResult<string?>(token) : null, null);
    }

    internal static KubeConnection Connect(ConnectionSettings settings, Func<bool, CancellationToken, Task<string?>>? token, Action<string>? trace)
    {
        HttpMessageHandler handler = Transport(settings, out var baseAddress);
        if (token is not null) handler = new BearerHandler(token) { InnerHandler = handler };
        if (trace is not null) handler = new TraceHandler(trace, settings.Server) { InnerHandler = handler };
        var http = new HttpClient(handler) { BaseAddress = baseAddress, Timeout = AnswerTimeout };
        if (settings.Basic is var (user, password))
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        if (settings.ImpersonateUser is { Length: > 0 } other) http.DefaultRequestHeaders.Add("Impersonate-User", other);
        foreach (var group in settings.ImpersonateGroups) http.DefaultRequestHeaders.Add("Impersonate-Group", group);
        http.DefaultRequestHeaders.UserAgent.ParseAdd("kubeflex");
        return new KubeConnection(new KubeClient(http), settings.Context, settings.Server);
    }

    private static SocketsHttpHandler Transport(ConnectionSettings settings, out Uri baseAddress)
    {
        var tls = new SslClientAuthenticationOptions
        {
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                settings.Insecure || ServerTrust.Accepts(certificate, chain, errors, settings.Authorities),
        };
        if (ClientCertificate(settings) is { } mine) tls.ClientCertificateContext = mine;
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = ConnectTimeout,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
            AllowAutoRedirect = false,
            UseCookies = false,
            // Go never sends loopback requests to a proxy of the environment; .NET would.
            UseProxy = settings.Proxy is not null || !IsLoopback(settings.Server),
            SslOptions = tls,
        };
        if (settings.Proxy is { } proxy) handler.Proxy = new WebProxy(proxy);

        baseAddress = settings.Server;
        if (settings.TlsServerName is not { } name || settings.Server.Scheme != "https") return handler;
        // SocketsHttpHandler takes the TLS name from the URL or the Host header, never from its options: so TLS is done here, with the
        // name wanted and an unchanged Host, and the handler above it believes that it speaks plain HTTP.
        tls.TargetHost = name;
        handler.UseProxy = false;
        handler.ConnectCallback = (connection, cancellation) => ConnectTlsAsync(connection.DnsEndPoint, tls, cancellation);
        baseAddress = new UriBuilder(settings.Server) { Scheme = "http", Port = settings.Server.Port }.Uri;
        return handler;
    }

    private static async ValueTask<Stream> ConnectTlsAsync(DnsEndPoint endPoint, SslClientAuthenticationOptions tls, CancellationToken cancellation)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellation);
            var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(tls, cancellation);
            return stream;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SslStreamCertificateContext? ClientCertificate(ConnectionSettings settings)
    {
        if (settings.CertificatePem is not { } pem) return null;
        try
        {
            var certificate = X509Certificate2.CreateFromPem(pem, settings.KeyPem ?? "");
            // Schannel cannot use a key that lives only in memory.
            if (OperatingSystem.IsWindows()) certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem);
            return SslStreamCertificateContext.Create(certificate, [.. chain.Skip(1)], offline: true);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new KubeconfigException($"the client certificate of context \"{settings.Context}\" cannot be used: {e.Message}",
                "Its certificate and key must be PEM and belong together.", e);
        }
    }

    private static bool IsLoopback(Uri server) => server.IsLoopback || server.Host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);

    internal static Func<bool, CancellationToken, Task<string?>> FileToken(string file) => async (_, cancellation) =>
    {
        try
        {
            return (await File.ReadAllTextAsync(file, cancellation)).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KubeconfigException($"the token file {file} cannot be read: {e.Message}", "Correct tokenFile in the kubeconfig.", e);
        }
    };

    private static Func<bool, CancellationToken, Task<string?>> PluginToken(System.Text.Json.Nodes.JsonObject exec, string directory, ExecCredential first, TimeProvider time)
    {
        var current = first;
        return async (fresh, cancellation) =>
        {
            // Two requests may both find it expired and both ask: harmless, and rarer than a lock is dear.
            if (fresh || current.Expires <= time.GetUtcNow()) current = await ExecCredential.RunAsync(exec, directory, cancellation);
            return current.Token;
        };
    }

    private sealed class TraceHandler(Action<string> trace, Uri server) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            trace($"{request.Method} {server.GetLeftPart(UriPartial.Authority)}{request.RequestUri!.PathAndQuery} -> {(int)response.StatusCode}");
            return response;
        }
    }
}
