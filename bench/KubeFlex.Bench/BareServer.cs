using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace KubeFlex.Bench;

/// <summary>The peer: the same web server with nothing behind it. PUT /x stores bytes in memory, GET /x returns them.</summary>
internal static class BareServer
{
    public static async Task<int> RunAsync(string portFile, int port = 0)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=bare", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(100));
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port, l => l.UseHttps(certificate)));
        await using var app = builder.Build();
        byte[] stored = "ok"u8.ToArray();
        app.Run(async context =>
        {
            if (HttpMethods.IsPut(context.Request.Method))
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                stored = body.ToArray();
                return;
            }
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = stored.Length;
            await context.Response.BodyWriter.WriteAsync(stored);
        });
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        await File.WriteAllTextAsync(portFile + ".tmp", address.Replace("[::]", "127.0.0.1", StringComparison.Ordinal));
        File.Move(portFile + ".tmp", portFile);
        await HostingAbstractionsHostExtensions.WaitForShutdownAsync(app);
        return 0;
    }
}
