using static KubeFlex.Storage.Tests.Support.Words;

namespace KubeFlex.Storage.Tests.Faults;

/// <summary>Writes until it is killed, and says on stdout what was acknowledged: <c>store writer number revision .</c>.</summary>
internal static class CrashWriter
{
    /// <param name="path">The database.</param>
    /// <param name="stores">How many stores to write.</param>
    /// <param name="writers">How many writers each has.</param>
    /// <param name="bytes">Of a value.</param>
    public static async Task RunAsync(string path, int stores, int writers, int bytes)
    {
        var datastore = await Datastore.OpenSqliteAsync(path, new() { HistoryRevisions = 1_000_000 }, default);
        var output = TextWriter.Synchronized(Console.Out);
        var tasks = new List<Task>();
        for (var number = 0; number < stores; number++)
        {
            var store = await datastore.OpenStoreAsync(Name(number), default);
            for (var writer = 0; writer < writers; writer++)
            {
                var me = writer;
                tasks.Add(Task.Run(() => WriteAsync(store, me, bytes, output)));
            }
        }
        await await Task.WhenAny(tasks);
    }

    public static string Name(int store) => $"store-{store}";

    private static async Task WriteAsync(Store store, int writer, int bytes, TextWriter output)
    {
        var start = await store.GetAsync($"{writer}/left") is { } last ? int.Parse(last.TrimEnd(), null) + 1 : 1;
        for (var i = start; ; i++)
        {
            var value = i + new string(' ', bytes);
            var result = await store.CommitAsync(Do(Put($"{writer}/left", value), Put($"{writer}/right", value)), default);
            await output.WriteLineAsync($"{store.Name} {writer} {i} {result.Revision} .");
            await output.FlushAsync();
        }
    }
}
