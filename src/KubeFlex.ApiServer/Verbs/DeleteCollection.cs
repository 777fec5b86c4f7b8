using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>DELETE of a collection: every object that the selectors choose, answered with the list of them.</summary>
internal static class DeleteCollection
{
    public static async Task HandleAsync(ApiRequest r)
    {
        if (r.Options.ValidateList(watch: false) is { } invalid) { await Answer.ErrorAsync(r.Http, invalid); return; }
        if (!Selection.Parse(r).TryGet(out var selection, out var error)) { await Answer.ErrorAsync(r.Http, error); return; }
        if (!(await DeleteOptions.ReadAsync(r)).TryGet(out var options, out error)) { await Answer.ErrorAsync(r.Http, error); return; }
        if (!(await ListReader.ReadAsync(r, selection)).TryGet(out var page, out error)) { await Answer.ErrorAsync(r.Http, error); return; }
        foreach (var item in page.Items)
        {
            var obj = ObjectBytes.Parse(item);
            var one = options with { Uid = Meta.Uid(obj) };
            var result = await Deletion.DeleteAsync(r, Meta.Namespace(obj), Meta.Name(obj), one, r.Cancellation);
            // Somebody else deleted it, or made another of that name: not ours to delete any more.
            if (result.Error is { Code: not (404 or 409) } failed) { await Answer.ErrorAsync(r.Http, failed); return; }
        }
        await List.WriteAsync(r, page);
    }
}
