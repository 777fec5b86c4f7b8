using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;

namespace KubeFlex.StandIn;

/// <summary>
/// Serves the paths that show whether a kube-apiserver is well, to clients with a certificate of its authority. <c>/standin/starts</c> counts its starts, of
/// which it makes a record in its store; <c>/standin/keys</c> is everything that it can see there.
/// </summary>
internal static class ApiServer
{
    private const string Starts = "/registry/standin/starts/";

    public static async Task<int> RunAsync(Flags flags)
    {
        foreach (var needed in new[] { "tls-private-key-file", "service-account-key-file", "service-account-signing-key-file", "service-account-issuer", "service-cluster-ip-range", "requestheader-client-ca-file" }) _ = flags[needed];
        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(Path.GetDirectoryName(flags["tls-cert-file"])!) is var mode && mode != (UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)) throw new InvalidDataException($"the directory of the keys has mode {mode}");

        using var etcd = new EtcdClient(flags);
        var before = await etcd.ListAsync(Starts);
        if (!await etcd.CreateAsync(Starts + (before.Count + 1).ToString("d6", CultureInfo.InvariantCulture), flags["secure-port"])) throw new InvalidDataException("the store has a key that it did not list");
        Klog.Write('I', $"the store holds {before.Count} starts before this one");

        var authorities = new X509Certificate2Collection();
        authorities.ImportFromPemFile(flags["client-ca-file"]);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(k => k.Listen(IPAddress.Parse(flags["bind-address"]), int.Parse(flags["secure-port"], CultureInfo.InvariantCulture), l => l.UseHttps(new HttpsConnectionAdapterOptions
        {
            ServerCertificate = X509Certificate2.CreateFromPemFile(flags["tls-cert-file"], flags["tls-private-key-file"]),
            ClientCertificateMode = ClientCertificateMode.AllowCertificate,
            ClientCertificateValidation = (client, _, _) => Trusted(client, authorities),
        })));
        await using var app = builder.Build();
        app.Run(http => AnswerAsync(http, etcd));
        await app.StartAsync();
        Klog.Write('I', $"Serving securely on {flags["bind-address"]}:{flags["secure-port"]}");
        await app.WaitForShutdownAsync();
        Klog.Write('I', "shut down in order");
        return 0;
    }

    private static async Task AnswerAsync(HttpContext http, EtcdClient etcd)
    {
        var path = http.Request.Path.Value!;
        var user = http.Connection.ClientCertificate?.GetNameInfo(X509NameType.SimpleName, false);
        if (path is not "/readyz") Klog.Write('I', $"{http.Request.Method} {path} by {user ?? "nobody"}");
        http.Response.StatusCode = user is null ? 401 : 200;
        await http.Response.WriteAsync(user is null ? "Unauthorized" : path switch
        {
            "/livez" or "/readyz" => "ok",
            "/version" => """{"major":"1","minor":"35","gitVersion":"v1.35.0","platform":"linux/amd64"}""",
            "/standin/starts" => (await etcd.ListAsync(Starts)).Count.ToString(CultureInfo.InvariantCulture),
            "/standin/keys" => string.Join('\n', (await etcd.ListAsync("/")).Select(k => $"{k.Key}={k.Value}")),
            _ => "{}",
        });
    }

    private static bool Trusted(X509Certificate2 client, X509Certificate2Collection authorities)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(client);
    }
}
