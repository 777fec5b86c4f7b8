using System.Diagnostics;
using System.Globalization;
using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Faults;

public sealed class CrashTests
{
    /// <summary>Two stores write into the log, forty into the journal, whose rows (two of 20 KB with each line) move into the log in the second round and later.</summary>
    [Theory]
    [InlineData(2, 6, 700)]
    [InlineData(40, 1, 20_000)]
    public async Task After_kill_9_every_acknowledged_write_is_there_and_none_is_half_there(int stores, int writers, int bytes)
    {
        await using var test = new TestDatastore();
        var acknowledged = new Dictionary<(string Store, int Writer), (int Number, long Revision)>();
        for (var round = 0; round < 4; round++)
        {
            await KillAfterAsync(test.Path, [$"{stores}", $"{writers}", $"{bytes}"], 300 + 350 * round, acknowledged);
            await using var datastore = await Datastore.OpenSqliteAsync(test.Path, test.Options, default);
            for (var store = 0; store < stores; store++) await CheckAsync(await datastore.OpenStoreAsync(CrashWriter.Name(store), default), writers, acknowledged);
        }
    }

    private static async Task KillAfterAsync(string path, string[] writers, int lines, Dictionary<(string, int), (int, long)> acknowledged)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(CrashTests).Assembly.Location);
        start.ArgumentList.Add("--crash-writer");
        foreach (var argument in writers.Prepend(path)) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var killed = false;
        for (var seen = 1; await process.StandardOutput.ReadLineAsync() is { } line; seen++)
        {
            // What it said between the kill and its end counts as well; a last line may be cut off.
            if (line.Split(' ') is not [var store, var writer, var number, var revision, "."]) continue;
            acknowledged[(store, int.Parse(writer, CultureInfo.InvariantCulture))] =
                (int.Parse(number, CultureInfo.InvariantCulture), long.Parse(revision, CultureInfo.InvariantCulture));
            if (seen < lines || killed) continue;
            process.Kill();
            killed = true;
        }
        await process.WaitForExitAsync();
        Assert.True(killed, "the writer ended by itself");
    }

    private static async Task CheckAsync(Store store, int writers, Dictionary<(string Store, int Writer), (int Number, long Revision)> acknowledged)
    {
        for (var writer = 0; writer < writers; writer++)
        {
            // Of many writers one may not have had its turn.
            if (!acknowledged.TryGetValue((store.Name, writer), out var last)) continue;
            var (number, revision) = last;
            var left = await store.GetAsync($"{writer}/left");
            Assert.True(int.Parse(left!.TrimEnd(), CultureInfo.InvariantCulture) >= number, $"{store.Name}/{writer}: {left.TrimEnd()} is on disk, {number} was acknowledged");
            Assert.True(store.Revision >= revision);
            Assert.Equal($"{number}", S((await store.RangeAsync($"{writer}/left", revision: revision)).Items[0].Value).TrimEnd());
        }
        await using var watcher = await store.WatchAsync(new(B("\0"), B("\0"), 2), default);
        var history = await watcher.TakeAsync((int)(store.Revision - 1) * 2);
        var revisions = history.GroupBy(change => change.Revision).ToList();
        Assert.Equal(Enumerable.Range(2, (int)store.Revision - 1).Select(i => (long)i), revisions.Select(group => group.Key));
        Assert.All(revisions, group => Assert.Single(group.Select(change => S(change.Current.Value)).Distinct()));
        Assert.All(revisions, group => Assert.Equal(2, group.Count()));
    }
}
