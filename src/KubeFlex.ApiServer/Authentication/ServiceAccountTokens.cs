using System.Security.Cryptography;
using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Registry;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace KubeFlex.ApiServer.Authentication;

/// <summary>What a bound token is bound to beside its service account.</summary>
internal sealed record BoundObject(string Kind, string ApiVersion, string Name, string Uid);

/// <summary>Makes and checks service-account tokens: JSON web tokens signed with ES256, whose account must still be there.</summary>
internal sealed class ServiceAccountTokens(ControlPlane plane)
{
    private const string Private = "kubernetes.io";
    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false, MapInboundClaims = false };

    public IReadOnlyList<string> DefaultAudiences => [plane.Options.ServiceAccountIssuer];

    public bool CanSign => plane.Options.ServiceAccountKey is not null;

    /// <summary>Signs a token of <c>TokenRequest</c>.</summary>
    public string Issue(string ns, string account, string accountUid, IReadOnlyList<string> audiences, DateTimeOffset now, DateTimeOffset expires, BoundObject? bound)
    {
        var details = new JsonObject { ["namespace"] = ns, ["serviceaccount"] = new JsonObject { ["name"] = account, ["uid"] = accountUid } };
        if (bound is not null) details[bound.Kind.ToLowerInvariant()] = new JsonObject { ["name"] = bound.Name, ["uid"] = bound.Uid };
        var payload = new JsonObject
        {
            ["aud"] = new JsonArray([.. audiences.Select(a => JsonValue.Create(a))]),
            ["exp"] = expires.ToUnixTimeSeconds(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["iss"] = plane.Options.ServiceAccountIssuer,
            ["jti"] = Guid.NewGuid().ToString(),
            [Private] = details,
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["sub"] = $"system:serviceaccount:{ns}:{account}",
        };
        return handler.CreateToken(payload.ToJsonString(), new SigningCredentials(Key()!, SecurityAlgorithms.EcdsaSha256));
    }

    /// <summary>Signs the token of a Secret of type <c>kubernetes.io/service-account-token</c>, which does not expire.</summary>
    public string IssueLegacy(string ns, string account, string accountUid, string secret)
    {
        var payload = new JsonObject
        {
            ["iss"] = "kubernetes/serviceaccount",
            ["kubernetes.io/serviceaccount/namespace"] = ns,
            ["kubernetes.io/serviceaccount/secret.name"] = secret,
            ["kubernetes.io/serviceaccount/service-account.name"] = account,
            ["kubernetes.io/serviceaccount/service-account.uid"] = accountUid,
            ["sub"] = $"system:serviceaccount:{ns}:{account}",
        };
        return handler.CreateToken(payload.ToJsonString(), new SigningCredentials(Key()!, SecurityAlgorithms.EcdsaSha256));
    }

    public async ValueTask<(UserInfo? User, string Error)> AuthenticateAsync(string token, IReadOnlyList<string> audiences, CancellationToken cancellation)
    {
        const string invalid = "invalid bearer token";
        if (Key() is not { } key || !handler.CanReadToken(token)) return (null, invalid);
        var now = plane.Now.UtcDateTime;
        var result = await handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key,
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ValidIssuers = [plane.Options.ServiceAccountIssuer, "kubernetes/serviceaccount"],
            ValidateAudience = false,
            ValidateLifetime = false,
            RequireExpirationTime = false,
        });
        if (!result.IsValid) return (null, invalid);
        var jwt = (JsonWebToken)result.SecurityToken;
        var claims = JsonNode.Parse(Base64UrlEncoder.Decode(jwt.EncodedPayload)) as JsonObject;
        if (claims is null) return (null, invalid);
        return jwt.Issuer == "kubernetes/serviceaccount"
            ? await LegacyAsync(claims, cancellation)
            : await BoundAsync(claims, audiences.Count > 0 ? audiences : DefaultAudiences, now, cancellation);
    }

    private async ValueTask<(UserInfo?, string)> BoundAsync(JsonObject claims, IReadOnlyList<string> audiences, DateTime now, CancellationToken cancellation)
    {
        var seconds = new DateTimeOffset(now, TimeSpan.Zero).ToUnixTimeSeconds();
        if (claims.Number("exp") is not { } expires || seconds >= expires) return (null, "service account token has expired");
        if (claims.Number("nbf") is { } notBefore && seconds < notBefore - 10) return (null, "token not valid yet");
        var tokenAudiences = claims["aud"] switch { JsonArray a => a.Strings().ToList(), JsonValue v => [v.ToString()], _ => [] };
        if (!tokenAudiences.Any(audiences.Contains)) return (null, $"token audiences [{string.Join(" ", tokenAudiences)}] is invalid for the target audiences [{string.Join(" ", audiences)}]");
        var details = claims.Child(Private);
        var ns = details.Text("namespace");
        var account = details.Child("serviceaccount");
        if (!await ExistsAsync("serviceaccounts", ns, account.Text("name"), account.Text("uid"), cancellation)) return (null, "service account has been deleted");
        foreach (var (kind, resource) in new[] { ("pod", "pods"), ("secret", "secrets") })
            if (details.Child(kind) is { } bound && !await ExistsAsync(resource, ns, bound.Text("name"), bound.Text("uid"), cancellation))
                return (null, $"{kind} has been deleted");
        var extra = new Dictionary<string, IReadOnlyList<string>> { ["authentication.kubernetes.io/credential-id"] = [$"JTI={claims.Text("jti")}"] };
        if (details.Child("pod") is { } pod)
        {
            extra["authentication.kubernetes.io/pod-name"] = [pod.Text("name")];
            extra["authentication.kubernetes.io/pod-uid"] = [pod.Text("uid")];
        }
        return (Account(ns, account.Text("name"), account.Text("uid"), extra), "");
    }

    private async ValueTask<(UserInfo?, string)> LegacyAsync(JsonObject claims, CancellationToken cancellation)
    {
        const string prefix = "kubernetes.io/serviceaccount/";
        var ns = claims.Text(prefix + "namespace");
        var name = claims.Text(prefix + "service-account.name");
        var uid = claims.Text(prefix + "service-account.uid");
        if (!await ExistsAsync("secrets", ns, claims.Text(prefix + "secret.name"), "", cancellation)) return (null, "Token has been invalidated");
        if (!await ExistsAsync("serviceaccounts", ns, name, uid, cancellation)) return (null, "service account has been deleted");
        return (Account(ns, name, uid, null), "");
    }

    private async ValueTask<bool> ExistsAsync(string resource, string ns, string name, string uid, CancellationToken cancellation)
    {
        var view = await plane.Store.ViewAsync(cancellation);
        if (view.Get(plane.BuiltIn("", "v1", resource).Key(ns, name)) is not { } kv) return false;
        return uid.Length == 0 || Meta.Uid(ObjectBytes.Parse(kv.Value)) == uid;
    }

    public static UserInfo Account(string ns, string name, string uid, IReadOnlyDictionary<string, IReadOnlyList<string>>? extra) =>
        new($"system:serviceaccount:{ns}:{name}", ["system:serviceaccounts", $"system:serviceaccounts:{ns}", "system:authenticated"], uid, extra);

    // A key object caches its signature provider; one per use would leak them, so it lives as long as the control plane.
    // Two that come first at the same time may both make one; the one that is kept is used from then on.
    private ECDsaSecurityKey? Key()
    {
        if (key is not null || plane.Options.ServiceAccountKey is not { } pem) return key;
        var loaded = ECDsa.Create();
        loaded.ImportFromPem(pem);
        return Interlocked.CompareExchange(ref key, new ECDsaSecurityKey(loaded) { KeyId = "kubeflex" }, null) ?? key;
    }

    private ECDsaSecurityKey? key;
}
