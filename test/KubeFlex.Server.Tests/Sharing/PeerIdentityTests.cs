using System.Security.Cryptography.X509Certificates;
using KubeFlex.Runtime.Certificates;
using KubeFlex.Server.Sharing;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.Server.Tests.Sharing;

public sealed class PeerIdentityTests : IDisposable
{
    private readonly CertificateAuthority authority = CertificateAuthority.Create("kubeflex", TimeProvider.System);
    private readonly CertificateAuthority other = CertificateAuthority.Create("kubeflex", TimeProvider.System);
    private readonly PeerIdentity identity;

    public PeerIdentityTests() => identity = new(authority, TimeProvider.System);

    public void Dispose()
    {
        identity.Dispose();
        authority.Dispose();
        other.Dispose();
    }

    [Fact]
    public void A_peers_certificate_stands_for_nobody_but_the_one_it_forwards_for()
    {
        using var peer = authority.IssueClient(PeerIdentity.Name).ToCertificate();
        using var client = other.IssueClient("alice").ToCertificate();
        var (request, http) = Accept(peer, client);
        Assert.Equal("cp1", request?.ControlPlane);
        Assert.Equal("check", request?.Task);
        Assert.Equal(client.RawData, http.Connection.ClientCertificate?.RawData);
        Assert.DoesNotContain(http.Request.Headers, header => PeerHeaders.IsOurs(header.Key));

        (request, http) = Accept(peer, null);
        Assert.NotNull(request);
        Assert.Null(http.Connection.ClientCertificate);
    }

    [Fact]
    public void Nobody_else_is_a_peer()
    {
        using var administrator = authority.IssueClient("kubeflex-admin", "system:masters").ToCertificate();
        using var impostor = other.IssueClient(PeerIdentity.Name).ToCertificate();
        using var server = authority.IssueServing(PeerIdentity.Name, ["localhost"], []).ToCertificate();
        using var client = authority.IssueClient("kubeflex-admin", "system:masters").ToCertificate();
        foreach (var certificate in (X509Certificate2?[])[null, administrator, impostor, server])
        {
            var (request, http) = Accept(certificate, client);
            Assert.Null(request);
            Assert.Same(certificate, http.Connection.ClientCertificate);
            Assert.DoesNotContain(http.Request.Headers, header => PeerHeaders.IsOurs(header.Key));
            Assert.Equal("Bearer t", http.Request.Headers.Authorization);
        }
    }

    private (PeerRequest?, HttpContext) Accept(X509Certificate2? connection, X509Certificate2? forwarded)
    {
        var http = new DefaultHttpContext();
        http.Connection.ClientCertificate = connection;
        http.Request.Headers.Authorization = "Bearer t";
        http.Request.Headers["kubeflex-peer-control-plane"] = "cp1";
        http.Request.Headers["KUBEFLEX-PEER-TASK"] = "check";
        if (forwarded is not null) http.Request.Headers[PeerHeaders.Certificate] = Convert.ToBase64String(forwarded.RawData);
        return (identity.Accept(http), http);
    }
}
