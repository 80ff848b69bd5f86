"""The ends of domain names that make a link of a text without a protocol."""

_COUNTRIES = """
    ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs
    bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec
    ee eg er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy
    hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz
    la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx
    my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re
    ro rs ru rw sa sb sc sd se sg sh si sj sk sl sm sn so sr st su sv sx sy sz tc td tf tg th tj
    tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""
_OTHERS = """
    academy agency app art arpa asia audio auto bank bar beer best bet bid bike bio biz blog book
    bot box build business buy cafe cam camp capital car cards care careers cars cash casino cat
    center chat cheap church city cloud club codes coffee com community company computer cool coop
    courses credit date day deals delivery design dev digital direct directory doctor dog domains
    download eco edu education email energy engineer events exchange expert express family fans
    farm fashion finance fit fitness flights foo football forum foundation fun fund gallery game
    games garden gay gift gifts global gmbh gold golf gov graphics group guide guru health help
    holiday host hosting hotel house how inc info ink institute int international investments jobs
    kids kitchen land law legal life limited link live llc loan lol london love ltd luxury
    management map market marketing markets media men menu mil mobi moda moe money moscow mov movie
    museum music name net network new news ninja one onion onl online org page paris partners party
    pay pet phone photo photography photos pics pink pizza place plus poker post press pro
    productions promo properties pub racing radio recipes red rent report rest restaurant review
    reviews rip rocks run sale school science security services sex shop shopping show site ski
    social software solar solutions space store stream studio style support systems tax taxi team
    tech technology tel theater tips today tokyo ton tools top tours town toys trade training
    travel tube university uno vegas ventures video vip vision vote voyage watch wedding wiki win
    wine work works world wtf xin xxx xyz yachts yoga you zip zone
    бел бг дети ею католик ком мкд мон москва онлайн орг рус рф сайт срб укр қаз
"""
_KNOWN = frozenset(f"{_COUNTRIES}{_OTHERS}".split())


def is_known_tld(tld: str) -> bool:
    """In any case of letters but Capitalised: that is more often the next sentence."""
    lower = tld.lower()
    capitalised = lower != tld and lower[1:] == tld[1:]
    return lower in _KNOWN and not capitalised
