using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Sqlite;

/// <summary>The write-ahead log's file is longer than what is written: zeros come after the last page.</summary>
public sealed class LogGrowthTests
{
    [Fact]
    public async Task It_grows_ahead_and_what_lies_there_after_a_crash_is_no_damage()
    {
        var folder = Directory.CreateTempSubdirectory("kubeflex-");
        try
        {
            await RunAsync(folder);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    private static async Task RunAsync(DirectoryInfo folder)
    {
        var path = Path.Combine(folder.FullName, "data.db");
        await using var datastore = await Datastore.OpenSqliteAsync(path, new(), default);
        var store = await datastore.OpenStoreAsync("test", default);
        var log = path + "-wal";
        var lengths = new List<long>();
        for (var i = 0; i < 300; i++)
        {
            await store.PutAsync($"k{i}", new string('x', 1_000));
            lengths.Add(new FileInfo(log).Length);
        }
        // Some put in every few finds the room that an earlier one made.
        Assert.InRange(lengths.Distinct().Count(), 2, 30);
        var last = new byte[4096];
        await using (var file = new FileStream(log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            file.Seek(-last.Length, SeekOrigin.End);
            await file.ReadExactlyAsync(last);
        }
        Assert.All(last, value => Assert.Equal(0, value));

        // What a crash leaves: the files as they are, without anybody closing them.
        var copy = Path.Combine(folder.FullName, "crashed.db");
        foreach (var suffix in (string[])["", "-wal"])
        {
            await using var from = new FileStream(path + suffix, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            await using var to = File.Create(copy + suffix);
            await from.CopyToAsync(to);
        }
        await using var after = await Datastore.OpenSqliteAsync(copy, new(), default);
        var found = await after.OpenStoreAsync("test", default);
        Assert.Equal(store.Revision, found.Revision);
        Assert.Equal(300, (await found.RangeAsync("\0", "\0")).Count);
        await found.PutAsync("more", "1");
    }
}
