using System.Text;
using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;
using KubeFlex.Machinery.Selectors;
using KubeFlex.Storage;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>Selectors of a request, parsed once.</summary>
internal sealed record Selection(LabelSelector? Labels, FieldSelector? Fields)
{
    public bool IsEmpty => Labels is null && Fields is null;

    public static Result<Selection> Parse(ApiRequest r)
    {
        LabelSelector? labels = null;
        FieldSelector? fields = null;
        if (r.Options.LabelSelector.Length > 0)
        {
            if (!LabelSelector.Parse(r.Options.LabelSelector).TryGet(out labels, out var error)) return error;
            if (labels.IsEmpty) labels = null;
        }
        if (r.Options.FieldSelector.Length > 0)
        {
            if (!FieldSelector.Parse(r.Options.FieldSelector, [.. r.Resource.SelectableFields]).TryGet(out fields, out var error)) return error;
            if (fields.IsEmpty) fields = null;
        }
        return new Selection(labels, fields);
    }

    public bool Matches(ReadOnlySpan<byte> value) => (Labels is null || Labels.MatchesJson(value)) && (Fields is null || Fields.MatchesJson(value));
}

/// <summary>A page of a list.</summary>
/// <param name="Items">Stored objects, in key order.</param>
/// <param name="Revision">The list's resource version.</param>
/// <param name="Continue">Where the next page starts, or null.</param>
/// <param name="Remaining">Objects behind this page, when known.</param>
internal sealed record Page(IReadOnlyList<byte[]> Items, long Revision, ContinueToken? Continue, long? Remaining);

/// <summary>Reads pages of objects at the revision that the options ask for.</summary>
internal static class ListReader
{
    public static async ValueTask<Result<Page>> ReadAsync(ApiRequest r, Selection selection)
    {
        var o = r.Options;
        var view = await r.Plane.Store.ViewAsync(r.Cancellation);
        var (start, end) = r.Entry.Range(r.Namespace);
        var revision = view.Revision;
        long asked = 0;
        if (o.ResourceVersion.Length > 0 && !Versions.TryParse(o.ResourceVersion, out asked)) return Versions.Malformed(o.ResourceVersion);

        if (o.Continue.Length > 0)
        {
            if (asked > 0) return ApiError.BadRequest("specifying resource version is not allowed when using continue");
            if (!ContinueToken.Parse(o.Continue).TryGet(out var token, out var bad)) return bad;
            start = [.. r.Entry.KeyPrefix, .. Encoding.UTF8.GetBytes(token.Start)];
            if (token.Revision > 0) revision = token.Revision;
        }
        else if (asked > 0)
        {
            if (asked > view.Revision) return Failures.TooLargeVersion(asked, view.Revision);
            // Without a match rule, a limit makes the version exact (apimachinery's table of list semantics).
            if (o.ResourceVersionMatch == "Exact" || o.ResourceVersionMatch.Length == 0 && o.Limit > 0) revision = asked;
        }
        return Read(view, r.Entry, start, end, revision, view.Revision, o.Limit, selection);
    }

    public static Result<Page> Read(StoreView view, ResourceEntry entry, byte[] start, byte[] end, long revision, long current, long limit, Selection selection)
    {
        var items = new List<byte[]>();
        // A selector may drop most of a chunk: read on until the page is full, in growing chunks.
        var chunk = limit > 0 ? (int)Math.Min(limit, 10_000) : 0;
        while (true)
        {
            var range = view.Range(new RangeQuery(start, end, revision == current ? 0 : revision, chunk));
            if (range.Status == ReadStatus.Compacted) return Failures.VersionTooOld();
            if (range.Status == ReadStatus.Future) return Failures.TooLargeVersion(revision, current);
            for (var i = 0; i < range.Items.Count; i++)
            {
                var kv = range.Items[i];
                if (!selection.IsEmpty && !selection.Matches(kv.Value)) continue;
                items.Add(kv.Value);
                if (limit <= 0 || items.Count < limit) continue;
                var behind = range.Count - i - 1;
                if (behind <= 0) break;
                var next = Encoding.UTF8.GetString(kv.Key.AsSpan(entry.KeyPrefix.Length)) + "\0";
                return new Page(items, revision, new ContinueToken(revision, next), selection.IsEmpty ? behind : null);
            }
            if (!range.More || range.Items.Count == 0) return new Page(items, revision, null, null);
            start = [.. range.Items[^1].Key, 0];
            chunk = Math.Min(chunk * 2, 10_000);
        }
    }
}
