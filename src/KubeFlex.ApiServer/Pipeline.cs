using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Authentication;
using KubeFlex.ApiServer.Authorization;
using KubeFlex.ApiServer.Discovery;
using KubeFlex.ApiServer.Fairness;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.ApiServer.Verbs;
using KubeFlex.Machinery.Catalog;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Objects;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http;

namespace KubeFlex.ApiServer;

/// <summary>The story of a request, from top to bottom.</summary>
internal sealed class Pipeline(ControlPlane plane)
{
    private readonly NonResourceEndpoints nonResources = new(plane);

    public async Task HandleAsync(HttpContext http)
    {
        try
        {
            var headers = http.Response.Headers;
            headers["Audit-Id"] = Guid.NewGuid().ToString();
            headers.CacheControl = "no-cache, private";

            // What is asked?
            var info = RequestInfo.Parse(http.Request);
            var options = QueryOptions.Parse(http.Request);

            // Who asks?
            var (user, refused) = await plane.Authenticator.AuthenticateAsync(http);
            if (refused is not null) { await Answer.ErrorAsync(http, refused); return; }
            if (http.Request.Headers.ContainsKey(Impersonation.UserHeader) || Impersonation.Incomplete(http.Request))
            {
                if (!(await Impersonation.ApplyAsync(plane, http, user!)).TryGet(out user, out refused)) { await Answer.ErrorAsync(http, refused); return; }
            }

            // Whose turn is it? Callers inside the process do what clients wait for, so they never wait themselves.
            var level = http.Features.Get<AuthenticatedUser>() is null ? plane.Shared.Fairness.LevelOf(plane, info) : null;
            using var seat = level is null ? null : await level.EnterAsync(plane.Options.Name, user!.Name, http.RequestAborted);
            if (level is not null && seat is null) { await Answer.TooManyAsync(http); return; }

            // May they?
            if (info.IsResource && info.Name.Length == 0 && options.FieldSelector.Length > 0) NameFromSelector(info, options);
            var attributes = Attributes.Of(user!, info);
            if (!user!.IsMaster && await plane.Authorizer.AuthorizeAsync(attributes, http.RequestAborted) is { Allowed: false } decision)
            {
                await Answer.ErrorAsync(http, Forbidden.Error(attributes, decision));
                return;
            }

            // Who answers?
            if (!info.IsResource)
            {
                if (plane.Options.Extension is not { } extension || !await extension(http)) await nonResources.HandleAsync(http, info);
                return;
            }
            await ResourceAsync(http, info, options, user);
        }
        catch (Exception e) when (http.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException or Microsoft.AspNetCore.Connections.ConnectionResetException)
        {
            // The client went away: nobody is left to be told.
        }
        catch (OperationCanceledException) when (plane.Stopping.IsCancellationRequested)
        {
            await Answer.ErrorAsync(http, new ApiError(503, "ServiceUnavailable", "the control plane is stopping"));
        }
        catch (StorageException e)
        {
            Log.StorageRefused(plane.Shared.Log, plane.Options.Name, e.Message);
            await Answer.ErrorAsync(http, Failures.Of(e));
        }
        catch (BadHttpRequestException e)
        {
            await Answer.ErrorAsync(http, e.StatusCode == 413 ? ApiError.TooLarge($"Request entity too large: limit is {RequestBody.MaxBytes}") : ApiError.BadRequest(e.Message));
        }
        catch (Exception e)
        {
            Log.Unexpected(plane.Shared.Log, e, plane.Options.Name, http.Request.Method, http.Request.Path);
            await Answer.ErrorAsync(http, ApiError.Internal("the server met an unexpected condition; its log tells more"));
        }
    }

    private Task ResourceAsync(HttpContext http, RequestInfo info, QueryOptions options, UserInfo user)
    {
        var entry = plane.Find(info.Group, info.Version, info.Resource);
        if (entry is null) return NothingThereAsync(http, info);
        if (entry.Info.Custom && (entry.Info.Namespaced ? info.Namespace.Length == 0 && info.Name.Length > 0 : info.Namespace.Length > 0))
            return Answer.TextAsync(http, 404, NonResourceEndpoints.NotFoundPage);
        // Namespaced objects are only reached through their namespace, cluster objects never through one.
        if (!entry.Info.Custom && (entry.Info.Namespaced ? info.Namespace.Length == 0 && (info.Name.Length > 0 || info.Verb == "create" && !VirtualResources.Handles(entry))
            : info.Namespace.Length > 0 && info.Resource != "namespaces"))
            return Answer.ErrorAsync(http, ApiError.NoSuchPath());

        SubresourceInfo? subresource = null;
        if (info.Subresource.Length > 0)
        {
            subresource = entry.Info.Subresource(info.Subresource);
            if (subresource is null) return entry.Info.Custom ? Answer.TextAsync(http, 404, NonResourceEndpoints.NotFoundPage) : Answer.ErrorAsync(http, ApiError.NoSuchPath());
        }
        if (!MediaType.TryNegotiate(http.Request.Headers.Accept.ToString(), info.Verb == "watch", out var accept))
            return Answer.ErrorAsync(http, MediaType.NotAcceptable(info.Verb == "watch"));

        var request = new ApiRequest { Http = http, Plane = plane, Info = info, User = user, Entry = entry, Subresource = subresource, Options = options, Accept = accept };
        if (entry.Info.DeprecationWarning is { } warning) request.Warn(warning);

        if (subresource is not null) return Subresources.HandleAsync(request);
        if (VirtualResources.Handles(entry)) return VirtualResources.HandleAsync(request);
        // The verb is decided by the URL; a name behind POST, or none behind PUT and PATCH, is a method the path does not have.
        if (!entry.HasVerb(info.Verb) || info.Verb is "create" == info.Name.Length > 0 && info.Verb is "create" or "update" or "patch" or "delete" && (info.Verb is "create" || info.Name.Length == 0))
            return Answer.ErrorAsync(http, ApiError.MethodNotAllowed());
        return info.Verb switch
        {
            "get" => Get.HandleAsync(request),
            "list" => List.HandleAsync(request),
            "watch" => Watch.HandleAsync(request),
            "create" => Create.HandleAsync(request),
            "update" => Update.HandleAsync(request),
            "patch" => Patch.HandleAsync(request),
            "delete" => Delete.HandleAsync(request),
            "deletecollection" => DeleteCollection.HandleAsync(request),
            _ => Answer.ErrorAsync(http, ApiError.MethodNotAllowed()),
        };
    }

    // A known built-in group answers with a Status; a group nobody serves, or a custom one, gets the mux's plain page.
    private Task NothingThereAsync(HttpContext http, RequestInfo info) =>
        plane.Shared.BuiltIn.HasGroup(info.Group) ? Answer.ErrorAsync(http, ApiError.NoSuchPath()) : Answer.TextAsync(http, 404, NonResourceEndpoints.NotFoundPage);

    // "fieldSelector=metadata.name=x" makes a list a question about x.
    private static void NameFromSelector(RequestInfo info, QueryOptions options)
    {
        if (info.Verb is not ("list" or "watch" or "deletecollection")) return;
        var text = options.FieldSelector;
        const string field = "metadata.name=";
        if (text.StartsWith(field, StringComparison.Ordinal) && !text.Contains(',', StringComparison.Ordinal)) info.SelectedName = text[field.Length..].TrimStart('=');
    }
}
