using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KubeFlex.Machinery.Errors;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer.Authentication;

/// <summary>Finds out who asks: an in-process caller, a client certificate, a bearer token, or nobody in particular.</summary>
internal sealed class Authenticator(ControlPlane plane) : IDisposable
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    public static readonly UserInfo Anonymous = new("system:anonymous", ["system:unauthenticated"]);

    // Kestrel hands out one certificate object per TLS connection: the chain is built once per connection and control plane.
    private readonly ConditionalWeakTable<X509Certificate2, CertificateResult> certificates = [];

    // Read for the first client that comes with a certificate: OpenSSL takes longer over one than many a request.
    private readonly Lazy<X509Certificate2Collection> authorities = new(() =>
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(plane.Options.ClientAuthorities);
        return all;
    });

    public async ValueTask<(UserInfo? User, ApiError? Error)> AuthenticateAsync(HttpContext http)
    {
        if (http.Features.Get<AuthenticatedUser>() is { } inProcess) return (inProcess.User, null);

        var certificate = http.Connection.ClientCertificate;
        if (certificate is not null)
        {
            var result = certificates.GetValue(certificate, Check);
            var now = plane.Now;
            if (result.User is not null && now >= result.NotBefore && now <= result.NotAfter) return (result.User, null);
        }

        var header = http.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            var token = header[7..].Trim();
            if (token.Length > 0)
            {
                var (user, _) = await TokenAsync(token, [], http.RequestAborted);
                return user is null ? (null, ApiError.Unauthorized()) : (user, null);
            }
        }
        return certificate is not null ? (null, ApiError.Unauthorized()) : (Anonymous, null);
    }

    /// <summary>Whom a bearer token stands for; null with a reason when for nobody.</summary>
    public async ValueTask<(UserInfo? User, string Error)> TokenAsync(string token, IReadOnlyList<string> audiences, CancellationToken cancellation)
    {
        foreach (var (text, user) in plane.Options.StaticTokens)
            if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetBytes(token)))
                return (WithAuthenticated(user), "");
        return await plane.Tokens.AuthenticateAsync(token, audiences, cancellation);
    }

    public void Dispose() => certificates.Clear();

    public static UserInfo WithAuthenticated(UserInfo user) =>
        user.Groups.Contains("system:authenticated") ? user : user with { Groups = [.. user.Groups, "system:authenticated"] };

    private CertificateResult Check(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(authorities.Value);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        // Time is looked at on each request: a connection may outlive its certificate.
        chain.ChainPolicy.VerificationTime = certificate.NotBefore > plane.Now.LocalDateTime ? certificate.NotBefore : plane.Now.LocalDateTime;
        if (!chain.Build(certificate)) return CertificateResult.Refused;

        var user = "";
        var groups = new List<string>();
        foreach (var name in certificate.SubjectName.EnumerateRelativeDistinguishedNames())
        {
            if (name.HasMultipleElements) continue;
            var value = name.GetSingleElementValue() ?? "";
            switch (name.GetSingleElementType().Value)
            {
                case "2.5.4.3": user = value; break;
                case "2.5.4.10": groups.Add(value); break;
                default: break;
            }
        }
        if (user.Length == 0) return CertificateResult.Refused;
        groups.Add("system:authenticated");
        return new CertificateResult(new UserInfo(user, groups), certificate.NotBefore, certificate.NotAfter);
    }

    private sealed record CertificateResult(UserInfo? User, DateTimeOffset NotBefore, DateTimeOffset NotAfter)
    {
        public static readonly CertificateResult Refused = new(null, default, default);
    }
}
