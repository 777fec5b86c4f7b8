using System.Text.Json.Nodes;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Authorization;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Apply;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>Resources that are questions: what is posted comes back answered, and nothing is stored.</summary>
internal static class VirtualResources
{
    private static readonly HashSet<string> Names =
    [
        "authorization.k8s.io/selfsubjectaccessreviews", "authorization.k8s.io/subjectaccessreviews", "authorization.k8s.io/localsubjectaccessreviews",
        "authorization.k8s.io/selfsubjectrulesreviews", "authentication.k8s.io/tokenreviews", "authentication.k8s.io/selfsubjectreviews",
        "/bindings", "/componentstatuses",
    ];

    public static bool Handles(ResourceEntry entry) =>
        entry.Info.Kind.Group is "authorization.k8s.io" or "authentication.k8s.io" or "" && Names.Contains($"{entry.Info.Kind.Group}/{entry.Info.Resource}");

    public static async Task HandleAsync(ApiRequest r)
    {
        if (!r.Entry.HasVerb(r.Info.Verb) || r.Info.Verb == "create" && r.Name.Length > 0) { await Answer.ErrorAsync(r.Http, ApiError.MethodNotAllowed()); return; }
        switch (r.Resource.Resource)
        {
            case "bindings": await BindingSubresource.HandleAsync(r); return;
            case "componentstatuses":
                if (r.Info.Verb == "get") await Answer.ErrorAsync(r.Http, ApiError.NotFound(r.GroupResource, r.Name));
                else await List.WriteAsync(r, new Page([], (await r.Plane.Store.ViewAsync(r.Cancellation)).Revision, null, null));
                return;
            default: break;
        }
        var result = await AnswerAsync(r);
        if (result.TryGet(out var document, out var error)) await Answer.NodeAsync(r.Http, 201, document, r.Accept, r.Options.Pretty);
        else await Answer.ErrorAsync(r.Http, error);
    }

    private static async Task<Result<JsonObject>> AnswerAsync(ApiRequest r)
    {
        if (r.Options.ValidateWrite("CreateOptions") is { } invalid) return invalid;
        if (!(await ObjectDecoder.ReadAsync(r, r.Resource.Kind, r.Resource.Schema, custom: false)).TryGet(out var review, out var error)) return error;
        review.Remove("status");
        FieldManager.Update(null, review, r.Resource.Schema, ObjectWriter.WriterOf(r, "", r.Plane.Now));
        var spec = review.Child("spec");
        if (spec is null && r.Resource.Resource is not "selfsubjectreviews") review["spec"] = spec = [];
        var errors = new FieldErrors();
        switch (r.Resource.Resource)
        {
            case "selfsubjectreviews":
                Meta.Of(review)["creationTimestamp"] = Meta.Time(r.Plane.Now);
                review["status"] = new JsonObject { ["userInfo"] = Describe(r.User) };
                return review;
            case "tokenreviews":
                if (spec.Text("token").Length == 0) return ApiError.BadRequest("token is required for TokenReview in authentication");
                review["status"] = await ReviewTokenAsync(r, spec!);
                return review;
            case "selfsubjectrulesreviews":
                if (spec.Text("namespace").Length == 0) return ApiError.BadRequest("no namespace on request");
                review["status"] = Rules(await r.Plane.Authorizer.RulesAsync(r.User, spec.Text("namespace"), r.Cancellation));
                return review;
            case "selfsubjectaccessreviews":
                CheckAttributes(spec!, errors);
                break;
            default:
                CheckAttributes(spec!, errors);
                if (spec.Text("user").Length == 0 && spec.List("groups") is not { Count: > 0 }) errors.Invalid("spec.user", "", "at least one of user or group must be specified");
                if (r.Resource.Namespaced && spec.Child("resourceAttributes").Text("namespace") != r.Namespace)
                    errors.Invalid("spec.resourceAttributes.namespace", spec.Child("resourceAttributes").Text("namespace"), $"must match metadata.namespace: {r.Namespace}");
                break;
        }
        if (errors.Count > 0) return ApiError.Invalid(r.Resource.Kind.GroupKind, Meta.Name(review), errors);
        var user = r.Resource.Resource == "selfsubjectaccessreviews" ? r.User : new UserInfo(spec.Text("user"), [.. spec.List("groups").Strings()], spec.Text("uid"));
        var decision = await r.Plane.Authorizer.AuthorizeAsync(Attributes(user, spec!), r.Cancellation);
        var status = new JsonObject { ["allowed"] = decision.Allowed };
        if (decision.Reason.Length > 0) status["reason"] = decision.Reason;
        review["status"] = status;
        return review;
    }

    private static void CheckAttributes(JsonObject spec, FieldErrors errors)
    {
        if (spec.Has("resourceAttributes") && spec.Has("nonResourceAttributes"))
            errors.Invalid("spec.nonResourceAttributes", spec["nonResourceAttributes"], "cannot be specified in combination with resourceAttributes");
        if (!spec.Has("resourceAttributes") && !spec.Has("nonResourceAttributes"))
            errors.Invalid("spec.resourceAttributes", null, "exactly one of nonResourceAttributes or resourceAttributes must be specified");
    }

    private static Attributes Attributes(UserInfo user, JsonObject spec)
    {
        if (spec.Child("nonResourceAttributes") is { } n) return new Attributes(user, n.Text("verb"), false, "", "", "", "", "", "", n.Text("path"));
        var a = spec.Child("resourceAttributes");
        return new Attributes(user, a.Text("verb"), true, a.Text("group"), a.Text("version"), a.Text("namespace"), a.Text("resource"), a.Text("subresource"), a.Text("name"), "");
    }

    private static async Task<JsonObject> ReviewTokenAsync(ApiRequest r, JsonObject spec)
    {
        var audiences = spec.List("audiences").Strings().ToList();
        var (user, error) = await r.Plane.Authenticator.TokenAsync(spec.Text("token"), audiences, r.Cancellation);
        if (user is null) return new JsonObject { ["user"] = new JsonObject(), ["error"] = error };
        return new JsonObject
        {
            ["authenticated"] = true,
            ["user"] = Describe(user),
            ["audiences"] = new JsonArray([.. (audiences.Count > 0 ? audiences : r.Plane.Tokens.DefaultAudiences).Select(a => JsonValue.Create(a))]),
        };
    }

    private static JsonObject Describe(UserInfo user)
    {
        var o = new JsonObject { ["username"] = user.Name };
        if (user.Uid.Length > 0) o["uid"] = user.Uid;
        if (user.Groups.Count > 0) o["groups"] = Strings(user.Groups);
        if (user.Extra is { Count: > 0 } extra)
        {
            var e = new JsonObject();
            foreach (var (key, values) in extra) e[key] = Strings(values);
            o["extra"] = e;
        }
        return o;
    }

    private static JsonObject Rules(IReadOnlyList<PolicyRule> rules)
    {
        var (resources, others) = (new JsonArray(), new JsonArray());
        foreach (var rule in rules)
        {
            if (rule.Resources.Length > 0)
            {
                var o = new JsonObject { ["verbs"] = Strings(rule.Verbs), ["apiGroups"] = Strings(rule.Groups), ["resources"] = Strings(rule.Resources) };
                if (rule.Names.Length > 0) o["resourceNames"] = Strings(rule.Names);
                resources.Add(o);
            }
            else if (rule.Urls.Length > 0) others.Add(new JsonObject { ["verbs"] = Strings(rule.Verbs), ["nonResourceURLs"] = Strings(rule.Urls) });
        }
        return new JsonObject { ["resourceRules"] = resources, ["nonResourceRules"] = others, ["incomplete"] = false };
    }

    private static JsonArray Strings(IReadOnlyList<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}
