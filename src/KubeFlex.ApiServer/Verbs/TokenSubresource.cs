using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Authentication;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.ApiServer.Verbs;

/// <summary><c>serviceaccounts/x/token</c>: a token with an audience and an end (<c>kubectl create token</c>).</summary>
internal static class TokenSubresource
{
    private const long DefaultSeconds = 3600, MinimumSeconds = 600, MaximumSeconds = 1L << 32;

    public static async Task HandleAsync(ApiRequest r)
    {
        var result = await RunAsync(r);
        if (result.TryGet(out var token, out var error)) await Answer.NodeAsync(r.Http, 201, token, r.Accept, r.Options.Pretty);
        else await Answer.ErrorAsync(r.Http, error);
    }

    private static async Task<Result<JsonObject>> RunAsync(ApiRequest r)
    {
        var kind = new GroupVersionKind("authentication.k8s.io", "v1", "TokenRequest");
        if (!(await ObjectDecoder.ReadAsync(r, kind, r.Plane.Shared.Catalog.Type("io.k8s.api.authentication.v1.TokenRequest") ?? Schema.Anything, custom: false)).TryGet(out var request, out var error)) return error;
        var view = await r.Plane.Store.ViewAsync(r.Cancellation);
        if (view.Get(r.Entry.Key(r.Namespace, r.Name)) is not { } found) return ApiError.NotFound(r.GroupResource, r.Name);
        if (!r.Plane.Tokens.CanSign) return ApiError.Internal("this control plane has no key to sign service account tokens with");

        if (request.Child("spec") is not { } spec) request["spec"] = spec = [];
        var seconds = spec.Number("expirationSeconds") ?? DefaultSeconds;
        var errors = new FieldErrors();
        if (seconds < MinimumSeconds) errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes");
        if (seconds > MaximumSeconds) errors.Invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds");
        if (errors.Count > 0) return ApiError.Invalid(kind.GroupKind, "", errors);
        if (spec.List("audiences") is not { Count: > 0 }) spec["audiences"] = new JsonArray([.. r.Plane.Tokens.DefaultAudiences.Select(a => JsonValue.Create(a))]);
        spec["expirationSeconds"] = seconds;

        BoundObject? bound = null;
        if (spec.Child("boundObjectRef") is { } reference)
        {
            var resource = reference.Text("kind") switch { "Pod" => "pods", "Secret" => "secrets", _ => null };
            if (resource is null) return ApiError.BadRequest($"cannot bind token to object of type {reference.Text("apiVersion")}, Kind={reference.Text("kind")}");
            if (view.Get(r.Plane.BuiltIn("", "v1", resource).Key(r.Namespace, reference.Text("name"))) is not { } target) return ApiError.NotFound(new GroupResource("", resource), reference.Text("name"));
            var uid = Meta.Uid(ObjectBytes.Parse(target.Value));
            if (reference.Text("uid") is { Length: > 0 } wanted && wanted != uid)
                return ApiError.Conflict(r.GroupResource, r.Name, $"the UID in the bound object reference ({wanted}) does not match the UID in record. The object might have been deleted and then recreated");
            bound = new BoundObject(reference.Text("kind"), "v1", reference.Text("name"), uid);
        }

        var account = ObjectBytes.Parse(found.Value);
        var now = r.Plane.Now;
        var expires = now.AddSeconds(seconds);
        var token = r.Plane.Tokens.Issue(r.Namespace, r.Name, Meta.Uid(account), [.. spec.List("audiences").Strings()], now, expires, bound);
        var metadata = Meta.Of(request);
        (metadata["name"], metadata["namespace"], metadata["creationTimestamp"]) = (r.Name, r.Namespace, Meta.Time(now));
        request["status"] = new JsonObject { ["token"] = token, ["expirationTimestamp"] = Meta.Time(expires) };
        return request;
    }
}
