/**
 * Words as copies are compared by: one form for what is written in several ways, and what a word's change would mean.
 *
 * Owns: closed classes of English for comparing copies. No name of any project, person or place stands here.
 */
import { months, monthOf, numberWord, weekdayOf, weekdays } from "./vocabulary";

/** Says little by itself: a copy may lack it. */
export const lightMark: u8 = 1;
/** Its change changes the meaning, whatever the rest says: a number, a date, a name, a negation. */
export const valueMark: u8 = 2;
/** A value where it is written with a capital: May, Sat. */
export const capitalMark: u8 = 4;
/** Stands in brackets: a copy may lack it. */
export const asideMark: u8 = 8;
/** One of two that exclude each other: yes and no, open and closed. */
export const sideMark: u8 = 16;

/** A negation, which is a value, too. */
export const denialMarks: u8 = valueMark | 32;

const basis: u64 = 0xcbf29ce484222325;
const prime: u64 = 0x100000001b3;

/** FNV-1a, 64 bits, one unit more. */
// @ts-ignore: decorator
@inline
export function mix(hash: u64, code: u64): u64 {
  return (hash ^ code) * prime;
}
/** The hash of nothing. */
export const hashOfNone: u64 = basis;

/** The hash of a word in small letters. */
export function hashOf(word: string): u64 {
  let hash = basis;
  for (let i = 0; i < word.length; i++) hash = mix(hash, word.charCodeAt(i));
  return hash;
}

/** `a=x,y b=z`: x and y are written for a. */
const spellings = "and=& with=w,w/ percent=%,pct pound=£,pounds,quid,gbp euro=€,euros,eur dollar=$,dollars,usd kg=kilo,kilos,kilogram,kilograms,kilogramme,kilogrammes " +
  "gram=g,grams,gramme,grammes litre=l,litres,liter,liters km=kilometre,kilometres,kilometer,kilometers cm=centimetre,centimetres,centimeter,centimeters " +
  "metre=m,metres,meter,meters mm=millimetre,millimetres hour=h,hr,hrs,hours minute=min,mins,minutes seconds=sec,secs,s week=wk,wks,weeks " +
  "am=a.m pm=p.m tomorrow=tmrw,tomorow please=pls,plz thanks=thx,ta because=cos,cuz,coz,bc you=u are=r your=ur through=thru okay=ok until=till,til though=tho although=altho " +
  "someone=somebody everyone=everybody anyone=anybody nobody=noone information=info department=dept appointment=appt,appts meeting=mtg telephone=tel,phone " +
  "temperature=temp maximum=max approximately=approx government=govt management=mgmt received=rcvd required=reqd about=abt before=b4 question=qn road=rd street=st " +
  "avenue=ave doctor=dr professor=prof mister=mr and=n email=mail programme=program around=round toward=towards among=amongst while=whilst";
/** What n't is taken from, where a letter goes with it; and the same without the apostrophe. */
const contracted = "can=ca will=wo shall=sha";
const joined = "do=dont can=cant will=wont is=isnt are=arent was=wasnt were=werent did=didnt does=doesnt has=hasnt have=havent had=hadnt could=couldnt " +
  "should=shouldnt would=wouldnt must=mustnt can=cannot";
const light = "and but the a an this that these those my our your their his her its i we you he she it they me us him them is are was were be been being am has have had do " +
  "does did will shall would of in on at to for by with from as and so just also then there here very really quite please well oh okay which who whom whose " +
  "still already into onto about that's let us got get gets";
const negations = "not no never cannot without neither nor none nothing nobody n't";
const sides = "yes no open closed on off up down left right in out before after last more less early late earlier later old new ok broken full empty " +
  "good bad high low higher lower always never all none some every or start end begin begins stop stops buy sell won lost win lose accepted rejected approved " +
  "refused paid unpaid done pending passed failed true false present absent above below inside outside hot cold warm wet dry upper most least best worst better worse " +
  "increase increased decrease decreased raise raised lower lowered same different only except";
const ordinals = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"];
const teens = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"];
const tens = ["thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety", "hundred"];
const shortDays = "mon=1 tue=2 tues=2 wed=3 weds=3 thu=4 thur=4 thurs=4 fri=5 sat=6 sun=7";

/** The form and the marks of the words known here, by the hash of the word. */
const formOf = new Map<u64, u64>();
const marksOf = new Map<u64, u8>();
const notOf = new Map<u64, u64>();

function mark(words: string, bit: u8): void {
  const list = words.split(" ");
  for (let i = 0; i < list.length; i++) {
    const form = hashOf(list[i]);
    marksOf.set(form, (marksOf.has(form) ? marksOf.get(form) : 0) | bit);
  }
}
function alias(text: string, into: Map<u64, u64>): void {
  const groups = text.split(" ");
  for (let i = 0; i < groups.length; i++) {
    const pair = groups[i].split("=");
    const words = pair[1].split(",");
    for (let j = 0; j < words.length; j++) into.set(hashOf(words[j]), hashOf(pair[0]));
  }
}
function same(word: string, form: string, bit: u8): void {
  formOf.set(hashOf(word), hashOf(form));
  marksOf.set(hashOf(word), bit);
  marksOf.set(hashOf(form), bit);
}

mark(light, lightMark);
mark(sides, sideMark);
mark(negations, denialMarks);
alias(spellings, formOf);
alias(contracted, notOf);
alias(joined, notOf);
const numbers = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
for (let i = 0; i < numbers.length; i++) same(numbers[i], numberWord(numbers[i]).toString(), valueMark);
for (let i = 0; i < ordinals.length; i++) same(ordinals[i], (i + 1).toString(), valueMark);
for (let i = 0; i < teens.length; i++) same(teens[i], (13 + i).toString(), valueMark);
for (let i = 0; i < tens.length; i++) same(tens[i], (30 + 10 * i).toString(), valueMark);
const monthNames = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "sept"];
for (let i = 0; i < monthNames.length; i++) same(monthNames[i], "#m" + monthOf(monthNames[i]).toString(), monthNames[i] == "may" || monthNames[i] == "march" ? capitalMark : valueMark);
for (let i = 0; i < months.length; i++) {
  formOf.set(hashOf(months[i]), hashOf("#m" + (i + 1).toString()));
  if (months[i] != "may") marksOf.set(hashOf(months[i]), capitalMark);
}
for (let i = 0; i < weekdays.length; i++) {
  same(weekdays[i], "#d" + weekdayOf(weekdays[i]).toString(), valueMark);
  same(weekdays[i] + "s", "#d" + weekdayOf(weekdays[i]).toString(), valueMark);
}
const days = shortDays.split(" ");
for (let i = 0; i < days.length; i++) {
  const pair = days[i].split("=");
  formOf.set(hashOf(pair[0]), hashOf("#d" + pair[1]));
  marksOf.set(hashOf(pair[0]), capitalMark);
}

/** The form of a word: the word itself where it is written in one way. */
export function formed(word: u64): u64 {
  return formOf.has(word) ? formOf.get(word) : word;
}
/** What is known of a word, as it is written. */
export function marked(word: u64): u8 {
  return marksOf.has(word) ? marksOf.get(word) : 0;
}
/** Of "dont", and of the "ca" of "can't", the word that is denied; else 0. */
export function deniedBy(word: u64): u64 {
  return notOf.has(word) ? notOf.get(word) : 0;
}
/** The form of a month, 1 to 12. */
export function monthForm(month: i32): u64 {
  return hashOf("#m" + month.toString());
}
const monthForms = new Set<u64>();
for (let i = 1; i <= 12; i++) monthForms.add(monthForm(i));
export function isMonthForm(form: u64): bool {
  return monthForms.has(form);
}
