using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace KubeFlex.Server.Metrics;

/// <summary>
/// A meter's instruments in Prometheus' text format, version 0.0.4. Instruments bear their Prometheus names already. Example:
/// <code>
/// # HELP kubeflex_reconcile_errors_total Passes that ended with an error, by type of control plane.
/// # TYPE kubeflex_reconcile_errors_total counter
/// kubeflex_reconcile_errors_total{type="k8s"} 3
/// </code>
/// </summary>
internal sealed class PrometheusText : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly ConcurrentDictionary<string, Family> families = new();
    private readonly MeterListener listener = new();
    private readonly Lock scrape = new();

    public PrometheusText(Meter meter)
    {
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (ReferenceEquals(instrument.Meter, meter)) l.EnableMeasurementEvents(instrument, families.GetOrAdd(instrument.Name, _ => new Family(instrument)));
        };
        listener.SetMeasurementEventCallback<long>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.SetMeasurementEventCallback<double>((_, value, tags, family) => ((Family)family!).Record(value, tags));
        listener.Start();
    }

    /// <summary>All values now.</summary>
    public string Write()
    {
        // Two scrapes at once would each see the other's gauges half filled.
        lock (scrape)
        {
            foreach (var family in families.Values) family.BeginScrape();
            listener.RecordObservableInstruments();
            var text = new StringBuilder();
            foreach (var family in families.Values.OrderBy(f => f.Name, StringComparer.Ordinal)) family.Write(text);
            return text.ToString();
        }
    }

    public void Dispose() => listener.Dispose();

    private sealed class Family(Instrument instrument)
    {
        private readonly SortedDictionary<string, Series> series = new(StringComparer.Ordinal);
        private readonly Lock gate = new();
        private readonly IReadOnlyList<double>? bounds = instrument is Histogram<double> h ? h.Advice?.HistogramBucketBoundaries ?? [0.005, 0.05, 0.5, 5, 50] : null;

        public string Name => instrument.Name;

        private bool IsCounter => instrument is Counter<long> or Counter<double> or ObservableCounter<long> or ObservableCounter<double>;

        // What an observable instrument no longer reports is gone.
        public void BeginScrape()
        {
            if (!instrument.IsObservable) return;
            lock (gate) series.Clear();
        }

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var labels = Labels(tags);
            lock (gate)
            {
                if (!series.TryGetValue(labels, out var s)) series[labels] = s = new Series(bounds?.Count ?? 0);
                if (bounds is null)
                {
                    s.Sum = instrument.IsObservable ? value : s.Sum + value;
                    return;
                }
                s.Sum += value;
                s.Count++;
                for (var i = 0; i < bounds.Count; i++)
                    if (value <= bounds[i]) s.Buckets[i]++;
            }
        }

        public void Write(StringBuilder to)
        {
            lock (gate)
            {
                if (series.Count == 0) return;
                to.Append("# HELP ").Append(Name).Append(' ').Append((instrument.Description ?? "").Replace("\\", "\\\\").Replace("\n", "\\n")).Append('\n');
                to.Append("# TYPE ").Append(Name).Append(' ').Append(bounds is not null ? "histogram" : IsCounter ? "counter" : "gauge").Append('\n');
                foreach (var (labels, s) in series)
                {
                    if (bounds is null)
                    {
                        Sample(to, Name, labels, s.Sum);
                        continue;
                    }
                    for (var i = 0; i < bounds.Count; i++) Sample(to, Name + "_bucket", With(labels, $"le=\"{Number(bounds[i])}\""), s.Buckets[i]);
                    Sample(to, Name + "_bucket", With(labels, "le=\"+Inf\""), s.Count);
                    Sample(to, Name + "_sum", labels, s.Sum);
                    Sample(to, Name + "_count", labels, s.Count);
                }
            }
        }

        private static void Sample(StringBuilder to, string name, string labels, double value)
        {
            to.Append(name);
            if (labels.Length > 0) to.Append('{').Append(labels).Append('}');
            to.Append(' ').Append(Number(value)).Append('\n');
        }

        private static string With(string labels, string more) => labels.Length == 0 ? more : $"{labels},{more}";

        private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var text = new StringBuilder();
            foreach (var (name, value) in tags)
            {
                if (text.Length > 0) text.Append(',');
                text.Append(name).Append("=\"").Append((value?.ToString() ?? "").Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")).Append('"');
            }
            return text.ToString();
        }

        private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
    }

    private sealed class Series(int buckets)
    {
        public double Sum { get; set; }

        public long Count { get; set; }

        public long[] Buckets { get; } = new long[buckets];
    }
}
