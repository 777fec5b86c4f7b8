using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Engine;

/// <summary>Random operation sequences against the naive model, with compaction, hibernation and reopening in between.</summary>
public abstract class ModelTests(Backend backend)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(0)]
    public async Task Behaves_like_the_model(int seed)
    {
        if (seed == 0) seed = Random.Shared.Next();
        var random = new Random(seed);
        await using var test = await backend.OpenAsync();
        var store = await test.StoreAsync();
        var model = new NaiveStore();
        var keys = random.Next(3, 120);
        string Key() => $"k{random.Next(keys):x2}";
        try
        {
            for (var step = 0; step < 500; step++)
            {
                switch (random.Next(100))
                {
                    case < 55:
                        await WriteAsync(store, model, random, Key);
                        break;
                    case < 85:
                        var (from, to) = (Key(), Key() + (char)random.Next('0', 'g'));
                        var (revision, limit) = (random.Next(4) == 0 ? 0 : random.Next(1, (int)model.Revision + 2), random.Next(3) * random.Next(10));
                        Assert.Equal(model.Range(from, to, revision, limit), NaiveStore.Text(await store.RangeAsync(from, to, revision, limit)));
                        break;
                    case < 90 when model.Revision > model.Compacted + 1:
                        var target = random.NextInt64(model.Compacted + 1, model.Revision + 1);
                        await store.CompactAsync(target, default);
                        model.Compact(target);
                        break;
                    case < 93:
                        await WatchAsync(store, model, random);
                        break;
                    case < 96:
                        Assert.True(store.TryHibernate());
                        break;
                    case < 98:
                        await test.ReopenAsync();
                        store = await test.StoreAsync();
                        break;
                }
                Assert.Equal((model.Revision, model.Compacted), (store.Revision, store.CompactedRevision));
            }
            Assert.Equal(model.Range("a", "z", 0, 0), NaiveStore.Text(await store.RangeAsync("a", "z")));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}", e);
        }
    }

    private static async Task WriteAsync(Store store, NaiveStore model, Random random, Func<string> key)
    {
        var changes = Enumerable.Range(0, random.Next(1, 4)).Select(_ => key()).Distinct()
            .Select(name => (Key: name, Value: random.Next(3) == 0 ? null : $"v{random.Next(1000)}")).ToList();
        var operations = changes.Select(change => change.Value is null ? (Operation)Delete(change.Key) : Put(change.Key, change.Value)).ToArray();
        var guarded = changes[0].Key;
        model.Now.TryGetValue(guarded, out var current);
        var expected = random.Next(4) == 0 ? random.Next(5) : current?.Mod ?? 0;
        var result = await store.CommitAsync(If(Mod(guarded, expected), operations, [new RangeOperation(new(B(guarded)))]), default);
        Assert.Equal(expected == (current?.Mod ?? 0), result.Succeeded);
        if (result.Succeeded) model.Apply(changes);
        else Assert.Equal(current?.Value, result.Results[0].Items is [var item] ? S(item.Value) : null);
        Assert.Equal(model.Revision, result.Revision);
    }

    private static async Task WatchAsync(Store store, NaiveStore model, Random random)
    {
        var from = random.NextInt64(1, model.Revision + 1);
        await using var watcher = await store.WatchAsync(new(B("a"), B("z"), from), default);
        if (from < model.Compacted)
        {
            Assert.Empty(await watcher.ReadAsync(default));
            Assert.Equal((WatchEnd.Compacted, model.Compacted), (watcher.End, watcher.CompactRevision));
            return;
        }
        var expected = model.Events.Where(change => long.Parse(change.Split(':')[0], null) >= from).ToList();
        Assert.Equal(expected, (await watcher.TakeAsync(expected.Count)).Select(change => change.Text()));
        if (expected.Count > 0) Assert.Equal(model.Revision, watcher.Progress);
    }
}

public sealed class ModelTestsOnSqlite() : ModelTests(new SqliteBackend());

public sealed class ModelTestsOnPostgres(PostgresFixture postgres) : ModelTests(postgres);
