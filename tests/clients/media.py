"""Moderations, images, speech, transcriptions with the openai package; run by
clients_media.rs.

argv[1]: the gateway's base URL. Prints `ok` for each flow.
"""

import base64
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="a-client-key", max_retries=0, timeout=20)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
AUDIO = bytes(range(256)) * 400
FILE = ("speech.mp3", AUDIO, "audio/mpeg")
SAID = f"You said: speech.mp3 of {len(AUDIO)} bytes"


def refused(kind, call, **more):
    try:
        call()
    except kind as e:
        for name, value in more.items():
            assert getattr(e, name) == value, (name, value, e)
    else:
        raise AssertionError("not refused")


def moderations():
    one = client.moderations.create(input="I will kill you")
    assert one.model == "omni-moderation-latest", one
    assert one.results[0].flagged and one.results[0].categories.violence, one
    two = client.moderations.create(model="check", input=["hello", "kill"])
    assert [r.flagged for r in two.results] == [False, True], two
    assert two.model == "omni-moderation-2024-09-26", two
    picture = {"type": "image_url", "image_url": {"url": "https://x.invalid/y.png"}}
    parts = client.moderations.create(model="check", input=[{"type": "text", "text": "hi"}, picture])
    assert len(parts.results) == 1, parts
    refused(openai.BadRequestError, lambda: client.moderations.create(model="check", input=[]), param="input")
    refused(openai.NotFoundError, lambda: client.moderations.create(model="none", input="x"), param="model")


def speech():
    whole = client.audio.speech.create(model="say", voice="alloy", input="hello there", response_format="wav")
    audio = whole.read()
    assert audio[:4] == b"RIFF" and len(audio) == 44 + int.from_bytes(audio[40:44], "little"), len(audio)
    assert whole.response.headers["content-type"] == "audio/wav", whole.response.headers
    mp3 = client.audio.speech.create(model="say", voice="alloy", input="hello there").read()
    assert mp3[:3] == b"ID3" and mp3[10:] == audio[44:], len(mp3)
    with client.audio.speech.with_streaming_response.create(
        model="say", voice="alloy", input="hello there", response_format="wav"
    ) as streamed:
        pieces = list(streamed.iter_bytes(1000))
        assert streamed.headers["x-sluice-attempts"] == "1", streamed.headers
    assert b"".join(pieces) == audio and len(pieces) > 1
    events = client.audio.speech.create(model="say", voice="alloy", input="hi", stream_format="sse")
    text = events.read().decode()
    assert "speech.audio.delta" in text and "speech.audio.done" in text, text[-200:]
    refused(
        openai.BadRequestError,
        lambda: client.audio.speech.create(model="say", voice="nobody", input="x"),
        param="voice",
    )


def speech_falls_back():
    with client.audio.speech.with_streaming_response.create(
        model="say-second", voice="alloy", input="hello there", response_format="pcm"
    ) as streamed:
        assert streamed.headers["x-sluice-attempts"] == "3", streamed.headers
        assert len(streamed.read()) == 96_000


def transcriptions():
    create = client.audio.transcriptions.create
    plain = create(model="hear", file=FILE)
    assert plain.text == SAID and plain.usage.type == "tokens", plain
    assert plain.usage.input_tokens == len(AUDIO) // 400 and plain.usage.output_tokens == 6, plain
    assert create(model="hear", file=FILE, response_format="text") == SAID + "\n"
    verbose = create(
        model="whisper-1", file=FILE, response_format="verbose_json", timestamp_granularities=["segment"]
    )
    assert verbose.segments[0].text == SAID and verbose.usage.type == "duration", verbose
    assert create(model="whisper-1", file=FILE, response_format="srt").startswith("1\n00:00:00,000 -->")
    assert create(model="whisper-1", file=FILE, response_format="vtt").startswith("WEBVTT")
    events = list(create(model="hear", file=FILE, stream=True))
    assert "".join(e.delta for e in events if e.type == "transcript.text.delta") == SAID, events
    assert events[-1].type == "transcript.text.done" and events[-1].usage.output_tokens == 6, events
    # Whisper takes no notice of `stream`.
    raw = client.audio.transcriptions.with_raw_response.create(model="whisper-1", file=FILE, stream=True)
    assert SAID in raw.http_response.read().decode(), raw
    refused(
        openai.BadRequestError,
        lambda: create(model="hear", file=FILE, response_format="srt"),
        param="response_format",
    )
    refused(openai.BadRequestError, lambda: create(model="hear", file=("a.txt", b"x")), param="file")
    refused(openai.NotFoundError, lambda: create(model="none", file=FILE), param="model")
    refused(openai.RateLimitError, lambda: create(model="busy", file=FILE))


def transcription_falls_back():
    raw = client.audio.transcriptions.with_raw_response.create(model="hear-second", file=FILE)
    assert raw.headers["x-sluice-attempts"] == "2", raw.headers
    assert raw.headers["x-sluice-model"] == "gpt-4o-transcribe", raw.headers
    assert raw.parse().text == SAID


def translations():
    create = client.audio.translations.create
    assert create(model="whisper-1", file=FILE).text == SAID
    assert create(model="whisper-1", file=FILE, response_format="text") == SAID + "\n"
    refused(openai.BadRequestError, lambda: create(model="hear", file=FILE))


def images():
    made = client.images.generate(model="draw", prompt="a fox", n=2)
    assert [base64.b64decode(d.b64_json) for d in made.data] == [PNG, PNG], made
    assert made.usage.output_tokens == 544 and made.usage.input_tokens == 2, made.usage
    link = client.images.generate(model="flux", prompt="a fox")
    assert link.data[0].url.startswith("https://") and link.usage is None, link
    events = list(client.images.generate(model="draw", prompt="a fox", stream=True, partial_images=2))
    assert [e.type for e in events] == ["image_generation.partial_image"] * 2 + ["image_generation.completed"]
    assert base64.b64decode(events[-1].b64_json) == PNG and events[-1].usage.total_tokens == 274
    refused(openai.BadRequestError, lambda: client.images.generate(prompt="a fox"), param="model")
    refused(
        openai.BadRequestError, lambda: client.images.generate(model="draw", prompt="x", size="big"), param="size"
    )


def edits():
    two = [("a.png", PNG, "image/png"), ("b.png", PNG, "image/png")]
    made = client.images.edit(model="draw", prompt="a hat", image=two)
    assert base64.b64decode(made.data[0].b64_json) == PNG, made
    events = list(client.images.edit(model="draw", prompt="a hat", image=two[0], stream=True, partial_images=1))
    assert [e.type for e in events] == ["image_edit.partial_image", "image_edit.completed"], events


for flow in [
    moderations,
    speech,
    speech_falls_back,
    transcriptions,
    transcription_falls_back,
    translations,
    images,
    edits,
]:
    flow()
    print("ok", flow.__name__)
