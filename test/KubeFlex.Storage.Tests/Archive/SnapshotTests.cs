using System.Globalization;
using KubeFlex.Storage.Archive;
using KubeFlex.Storage.Tests.Support;
using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Archive;

public sealed class SnapshotTests
{
    [Fact]
    public async Task Under_load_every_backup_holds_whole_transactions()
    {
        const int Accounts = 20, Each = 100;
        await using var one = await TestDatastore.OpenAsync(new() { HibernateAfter = TimeSpan.Zero, HistoryRevisions = 50, HistoryAge = TimeSpan.Zero, HistoryLimit = 200 });
        await using var two = await TestDatastore.OpenAsync();
        var store = await one.StoreAsync();
        await store.CommitAsync(Do([.. Enumerable.Range(0, Accounts).Select(i => Put($"acc{i:00}", $"{Each}"))]), default);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, 4).Select(w => Task.Run(async () =>
        {
            for (var random = new Random(w); !stop.IsCancellationRequested;)
            {
                var (from, to) = ($"acc{random.Next(Accounts):00}", $"acc{random.Next(Accounts):00}");
                if (from == to) continue;
                var view = await store.ViewAsync(default);
                var (a, b) = (view.Get(B(from))!, view.Get(B(to))!);
                await store.CommitAsync(new([Mod(from, a.ModRevision), Mod(to, b.ModRevision)], [Put(from, $"{Number(a) - 1}"), Put(to, $"{Number(b) + 1}")], []), default);
            }
        })).ToList();
        try
        {
            // Until there was load to speak of, too.
            for (var i = 0; i < 15 || store.Revision <= 100; i++)
            {
                // Backups between writes would prove nothing.
                for (var before = store.Revision; store.Revision < before + 10 && !writers.Exists(writer => writer.IsFaulted);) await Task.Delay(1);
                var restored = await Archives.RestoreAsync(await Archives.WriteAsync(store), two.Datastore, $"copy{i}", i % 2);
                Assert.Equal(Accounts * Each, (await restored.RangeAsync("acc", "acd")).Items.Sum(Number));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(writers);
        }

        static int Number(KeyValue item) => int.Parse(S(item.Value), CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task A_frozen_store_has_everything_acknowledged_and_takes_no_more_until_it_thaws()
    {
        await using var test = await TestDatastore.OpenAsync();
        var store = await test.StoreAsync();
        long acknowledged = 0;
        var refused = new int[8];
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, refused.Length).Select(w => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await store.PutAsync($"k{w}", "v");
                    Interlocked.Increment(ref acknowledged);
                }
                catch (StorageException e) when (e.Failure == StorageFailure.LimitExceeded)
                {
                    Interlocked.Increment(ref refused[w]);
                    await Task.Yield();
                }
            }
        })).ToList();
        while (Interlocked.Read(ref acknowledged) < 100) await Task.Yield();
        var last = await store.FreezeAsync("being moved", default);
        // Whoever is refused has counted what was acknowledged before.
        while (Enumerable.Range(0, refused.Length).Any(w => Volatile.Read(ref refused[w]) < 10)) await Task.Yield();
        Assert.Equal((last.Revision, last.Revision - 1), (store.Revision, Interlocked.Read(ref acknowledged)));
        Assert.Equal(last.Revision, last.Versions[^1].Item.ModRevision);
        Assert.NotNull(await store.GetAsync("k0"));
        Assert.Equal(StorageFailure.LimitExceeded, await FailureAsync(async () => await store.GrantLeaseAsync(0, 5, default)));
        store.Thaw();
        var before = Interlocked.Read(ref acknowledged);
        while (Interlocked.Read(ref acknowledged) < before + 10) await Task.Yield();
        await stop.CancelAsync();
        await Task.WhenAll(writers);
    }
}
