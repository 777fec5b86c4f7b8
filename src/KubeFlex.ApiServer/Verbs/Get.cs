using System.Globalization;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>GET of one object: the stored bytes.</summary>
internal static class Get
{
    public static async Task HandleAsync(ApiRequest r)
    {
        var view = await r.Plane.Store.ViewAsync(r.Cancellation);
        if (r.Options.ResourceVersion.Length > 0 && Versions.Check(r.Options.ResourceVersion, view.Revision) is { } refused)
        {
            await Answer.ErrorAsync(r.Http, refused);
            return;
        }
        var found = view.Get(r.Entry.Key(r.Namespace, r.Name));
        if (found is null) await Answer.ErrorAsync(r.Http, ApiError.NotFound(r.GroupResource, r.Name));
        else await ObjectAnswer.WriteAsync(r, 200, found.Value);
    }
}

/// <summary>Rules for resource versions that clients send.</summary>
internal static class Versions
{
    public static bool TryParse(string text, out long version) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out version);

    public static ApiError Malformed(string text) =>
        ApiError.BadRequest($"invalid resource version: resourceVersion: Invalid value: {QueryOptions.GoQuote(text)}: strconv.ParseUint: parsing {QueryOptions.GoQuote(text)}: invalid syntax");

    /// <summary>Malformed, or from the future?</summary>
    public static ApiError? Check(string text, long current) =>
        !TryParse(text, out var version) ? Malformed(text) : version > current ? Failures.TooLargeVersion(version, current) : null;
}
