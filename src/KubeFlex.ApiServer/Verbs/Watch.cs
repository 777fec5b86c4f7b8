using KubeFlex.ApiServer.Answers;
using KubeFlex.ApiServer.Registry;
using KubeFlex.ApiServer.Requests;
using KubeFlex.Machinery.Errors;
using KubeFlex.Storage;
using Microsoft.AspNetCore.Http.Features;

namespace KubeFlex.ApiServer.Verbs;

/// <summary>A stream of changes.</summary>
internal static class Watch
{
    // Upstream: a random time between half an hour and an hour, so that clients do not come back all at once.
    private const int MinimumSeconds = 1800;

    public static async Task HandleAsync(ApiRequest r)
    {
        if (r.Options.ValidateList(watch: true) is { } invalid) { await Answer.ErrorAsync(r.Http, invalid); return; }
        if (!Selection.Parse(r).TryGet(out var selection, out var error)) { await Answer.ErrorAsync(r.Http, error); return; }
        long from = 0;
        if (r.Options.ResourceVersion.Length > 0 && !Versions.TryParse(r.Options.ResourceVersion, out from))
        {
            await Answer.ErrorAsync(r.Http, Versions.Malformed(r.Options.ResourceVersion));
            return;
        }

        var seconds = r.Options.TimeoutSeconds > 0 ? r.Options.TimeoutSeconds : MinimumSeconds + Random.Shared.Next(MinimumSeconds);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(Math.Min(seconds, int.MaxValue / 1000)), r.Plane.Shared.Time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, r.Cancellation, r.Plane.Stopping);

        r.Http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        r.Http.Response.ContentType = "application/json";
        using var stream = new WatchStream(r, selection, ending.Token);
        try
        {
            await RunAsync(r, stream, from, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested) { }
        if (timeout.IsCancellationRequested && !r.Cancellation.IsCancellationRequested) await stream.LastBookmarkAsync();
    }

    private static async Task RunAsync(ApiRequest r, WatchStream stream, long from, CancellationToken cancellation)
    {
        var (start, end) = r.Entry.Range(r.Namespace);
        var view = await r.Plane.Store.ViewAsync(cancellation);
        var initial = r.Options.SendInitialEvents ?? from == 0;
        var mark = r.Options.SendInitialEvents == true && r.Options.AllowWatchBookmarks;
        if (from > view.Revision && r.Options.SendInitialEvents == true)
        {
            await stream.ErrorAsync(Failures.TooLargeVersion(from, view.Revision));
            return;
        }

        // Watching starts at the very revision that was listed, so nothing falls between the two.
        var first = initial ? view.Revision + 1 : from + 1;
        if (!initial && from == 0) first = view.Revision + 1;
        await using var watcher = await r.Plane.Store.WatchAsync(new WatchQuery(start, end, Math.Min(first, view.Revision + 1)), cancellation);
        stream.Begin(watcher, first);
        if (initial)
        {
            foreach (var kv in view.Range(new RangeQuery(start, end)).Items) await stream.InitialAsync(kv.Value);
            if (mark) await stream.InitialEndAsync(view.Revision);
        }
        await stream.FlushAsync();
        if (r.Options.AllowWatchBookmarks) r.Plane.Shared.Bookmarks.Add(stream);

        while (true)
        {
            var events = await watcher.ReadAsync(cancellation);
            if (events.Count == 0) break;
            await stream.EventsAsync(events);
        }
        if (watcher.End == WatchEnd.Compacted)
            await stream.ErrorAsync(ApiError.Expired($"too old resource version: {first - 1} ({watcher.CompactRevision})"));
    }
}
